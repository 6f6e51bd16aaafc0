// The functions of libgit2 that mlstore calls, as a table filled at run time. The library is
// never linked: it brings sixteen others and doubles the start-up time, and most commands do
// without it.
#ifndef MLSTORE_CGIT2_H
#define MLSTORE_CGIT2_H

#include <dlfcn.h>
#include <git2.h>
#include <stddef.h>

#define MLSTORE_GIT2_FUNCTIONS(X) \
    X(libgit2_init) X(libgit2_opts) X(libgit2_version) X(error_last) \
    X(repository_open) X(repository_free) X(repository_index) \
    X(repository_config_snapshot) X(config_get_string) X(config_free) \
    X(revparse_single) X(reference_name_to_id) X(object_peel) X(object_id) X(object_free) \
    X(oid_fmt) X(oid_fromstr) \
    X(commit_lookup) X(commit_tree) X(commit_time) X(commit_parentcount) X(commit_parent_id) \
    X(commit_free) X(reference_list) X(strarray_dispose) \
    X(reflog_read) X(reflog_entrycount) X(reflog_entry_byindex) X(reflog_entry_id_new) \
    X(reflog_entry_id_old) X(reflog_free) \
    X(tree_lookup) X(tree_entrycount) X(tree_entry_byindex) X(tree_free) X(tree_walk) \
    X(tree_entry_bypath) X(tree_entry_free) X(tree_entry_id) X(tree_entry_type) \
    X(tree_entry_filemode) X(tree_entry_name) \
    X(blob_lookup) X(blob_rawcontent) X(blob_rawsize) X(blob_free) \
    X(index_read) X(index_free) X(index_entrycount) X(index_get_byindex) X(index_get_bypath) \
    X(index_find_prefix) \
    X(diff_options_init) X(diff_tree_to_workdir_with_index) X(diff_num_deltas) \
    X(diff_get_delta) X(diff_free) \
    X(ignore_path_is_ignored)

typedef struct mlstore_git2 {
#define MLSTORE_GIT2_FIELD(name) __typeof__(&git_##name) name;
    MLSTORE_GIT2_FUNCTIONS(MLSTORE_GIT2_FIELD)
#undef MLSTORE_GIT2_FIELD
} mlstore_git2;

/// The version of the headers this was compiled with, as the library's file name has it.
static inline const char *mlstore_git2_soversion(void) { return LIBGIT2_SOVERSION; }

static inline int mlstore_git2_header_major(void) { return LIBGIT2_VER_MAJOR; }
static inline int mlstore_git2_header_minor(void) { return LIBGIT2_VER_MINOR; }

/// Fills the table from an opened library; returns the name of the first function that is
/// missing, or NULL.
static inline const char *mlstore_git2_load(void *library, mlstore_git2 *table) {
#define MLSTORE_GIT2_LOAD(name) \
    *(void **)&table->name = dlsym(library, "git_" #name); \
    if (!table->name) return "git_" #name;
    MLSTORE_GIT2_FUNCTIONS(MLSTORE_GIT2_LOAD)
#undef MLSTORE_GIT2_LOAD
    return NULL;
}

/// The option is variadic, which Swift cannot call.
static inline int mlstore_git2_set_owner_validation(const mlstore_git2 *table, int enabled) {
    return table->libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, enabled);
}

/// The flag is an enumeration constant in some versions and a macro in others.
static inline unsigned mlstore_git2_diff_flags(void) {
    return GIT_DIFF_INCLUDE_TYPECHANGE | GIT_DIFF_IGNORE_SUBMODULES;
}

#endif
