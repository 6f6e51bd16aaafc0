// What 'libmlstore-arrow' offers to mlstore: Parquet and Arrow files as streams of the Arrow C data
// interface. Compiled into the plug-in (C++) and imported by the program (Swift).
#ifndef MLSTORE_ARROW_H
#define MLSTORE_ARROW_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Changes whenever anything below does: the program refuses a plug-in of another number.
#define MLSTORE_ARROW_ABI 1

// The Arrow C data and stream interfaces, as arrow.apache.org specifies them for copying.
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

#endif
#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};

#endif

/// A file of which any part can be read. All calls come on the thread that called the plug-in.
typedef struct mlstore_arrow_source {
    void *context;
    int64_t size;
    /// Reads `count` bytes at `offset`, which lie within `size`; returns 0 where it cannot.
    int (*read)(void *context, int64_t offset, int64_t count, void *out);
} mlstore_arrow_source;

/// An open file.
typedef struct mlstore_arrow_file mlstore_arrow_file;

/// `MLSTORE_ARROW_ABI` of the plug-in.
int mlstore_arrow_abi(void);

/// The version of Arrow in it: `26.0.1`.
const char *mlstore_arrow_version(void);

/// Opens a Parquet file (`is_parquet`), an Arrow file, or an Arrow stream. All memory for what it holds
/// comes out of `memory_bytes`. NULL where it cannot: then `error` says why.
mlstore_arrow_file *mlstore_arrow_open(
    const mlstore_arrow_source *source, int is_parquet, int64_t memory_bytes, char *error,
    size_t error_bytes);

/// The rows that the file's footer claims; -1 where it has none.
int64_t mlstore_arrow_rows(const mlstore_arrow_file *file);

/// How many row groups a Parquet file has; -1 for other files.
int mlstore_arrow_groups(const mlstore_arrow_file *file);

/// Rows and place of a row group's bytes, and a number for how they are laid out and encoded: groups of
/// equal bytes, rows and layouts in files of equal columns hold the same rows. 0 where the footer's
/// figures make no sense.
int mlstore_arrow_group(
    const mlstore_arrow_file *file, int index, int64_t *rows, int64_t *start, int64_t *end,
    uint64_t *layout);

/// All batches, or of a Parquet file those of some row groups (`group_count` >= 0), in order; every
/// batch is checked in full (places within buffers, texts UTF-8) before it is handed out. The stream
/// must be released before the file is closed. 0 where it cannot: then `error` says why.
int mlstore_arrow_scan(
    mlstore_arrow_file *file, const int *groups, int group_count, struct ArrowArrayStream *out,
    char *error, size_t error_bytes);

/// Closes a file.
void mlstore_arrow_close(mlstore_arrow_file *file);

#ifdef __cplusplus
}
#endif

#endif
