// The functions of libcurl that mlstore calls, as a table filled at run time. The library is
// never linked: it brings thirty others and costs milliseconds of every start, and most commands
// do without it. Its options are variadic, which Swift cannot call: they are set here, from one
// structure for a request.
#ifndef MLSTORE_CCURL_H
#define MLSTORE_CCURL_H

#define CURL_DISABLE_TYPECHECK 1
#define CURL_DISABLE_DEPRECATION 1
#include <curl/curl.h>
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

#define MLSTORE_CURL_FUNCTIONS(X) \
    X(global_init) X(easy_init) X(easy_cleanup) X(easy_reset) X(easy_setopt) X(easy_getinfo) \
    X(easy_strerror) X(easy_pause) X(slist_append) X(slist_free_all) \
    X(multi_init) X(multi_cleanup) X(multi_setopt) X(multi_add_handle) X(multi_remove_handle) \
    X(multi_perform) X(multi_poll) X(multi_wakeup) X(multi_info_read)

typedef struct mlstore_curl {
#define MLSTORE_CURL_FIELD(name) __typeof__(&curl_##name) name;
    MLSTORE_CURL_FUNCTIONS(MLSTORE_CURL_FIELD)
#undef MLSTORE_CURL_FIELD
} mlstore_curl;

/// Fills the table from an opened library; returns the name of the first function that is
/// missing, or NULL.
static inline const char *mlstore_curl_load(void *library, mlstore_curl *table) {
#define MLSTORE_CURL_LOAD(name) \
    *(void **)&table->name = dlsym(library, "curl_" #name); \
    if (!table->name) return "curl_" #name;
    MLSTORE_CURL_FUNCTIONS(MLSTORE_CURL_LOAD)
#undef MLSTORE_CURL_LOAD
    return NULL;
}

static inline int mlstore_curl_start(const mlstore_curl *table) {
    return table->global_init(CURL_GLOBAL_DEFAULT);
}

/// One request. Texts are copied by libcurl; `headers`, `error_text` and `context` must outlive
/// the transfer. NULL leaves an option as it is.
typedef struct mlstore_curl_request {
    const char *url;
    const char *method;
    const char *authorities;            // a file of certificates
    const char *authority_directory;
    const char *client_certificate;
    const char *client_key;
    const char *no_proxy;
    struct curl_slist *headers;
    char *error_text;                   // CURL_ERROR_SIZE bytes
    void *context;                      // for all callbacks
    curl_write_callback on_header;
    curl_write_callback on_body;
    curl_read_callback on_send;
    curl_seek_callback on_rewind;
    int64_t body_bytes;                 // -1: the request has no body
    long connect_milliseconds;
    long stall_seconds;
    long total_milliseconds;            // 0: no limit
    int is_head;
} mlstore_curl_request;

static inline void mlstore_curl_set_transfer(
    const mlstore_curl *table, CURL *handle, const mlstore_curl_request *request) {
    table->easy_setopt(handle, CURLOPT_HEADERFUNCTION, request->on_header);
    table->easy_setopt(handle, CURLOPT_HEADERDATA, request->context);
    table->easy_setopt(handle, CURLOPT_WRITEFUNCTION, request->on_body);
    table->easy_setopt(handle, CURLOPT_WRITEDATA, request->context);
    table->easy_setopt(handle, CURLOPT_ERRORBUFFER, request->error_text);
    table->easy_setopt(handle, CURLOPT_BUFFERSIZE, 512L << 10);
    if (request->is_head) table->easy_setopt(handle, CURLOPT_NOBODY, 1L);
    else table->easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request->method);
    if (request->body_bytes < 0) return;
    table->easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    table->easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request->method);
    table->easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body_bytes);
    table->easy_setopt(handle, CURLOPT_READFUNCTION, request->on_send);
    table->easy_setopt(handle, CURLOPT_READDATA, request->context);
    table->easy_setopt(handle, CURLOPT_SEEKFUNCTION, request->on_rewind);
    table->easy_setopt(handle, CURLOPT_SEEKDATA, request->context);
    table->easy_setopt(handle, CURLOPT_UPLOAD_BUFFERSIZE, 512L << 10);
}

static inline void mlstore_curl_set_security(
    const mlstore_curl *table, CURL *handle, const mlstore_curl_request *request) {
    // Redirects are followed by the caller, who knows which headers are secret.
    table->easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    table->easy_setopt(handle, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
    table->easy_setopt(handle, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (request->authorities) table->easy_setopt(handle, CURLOPT_CAINFO, request->authorities);
    if (request->authority_directory)
        table->easy_setopt(handle, CURLOPT_CAPATH, request->authority_directory);
    if (request->client_certificate)
        table->easy_setopt(handle, CURLOPT_SSLCERT, request->client_certificate);
    if (request->client_key) table->easy_setopt(handle, CURLOPT_SSLKEY, request->client_key);
    if (request->no_proxy) table->easy_setopt(handle, CURLOPT_NOPROXY, request->no_proxy);
}

/// Sets all options of a fresh or reset handle.
static inline void mlstore_curl_prepare(
    const mlstore_curl *table, CURL *handle, const mlstore_curl_request *request) {
    table->easy_setopt(handle, CURLOPT_URL, request->url);
    // The path was signed as it stands.
    table->easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
    table->easy_setopt(handle, CURLOPT_HTTPHEADER, request->headers);
    table->easy_setopt(handle, CURLOPT_PRIVATE, request->context);
    table->easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    table->easy_setopt(handle, CURLOPT_NOPROGRESS, 1L);
    table->easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
    table->easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    table->easy_setopt(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    table->easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, request->connect_milliseconds);
    table->easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    table->easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, request->stall_seconds);
    table->easy_setopt(handle, CURLOPT_TIMEOUT_MS, request->total_milliseconds);
    mlstore_curl_set_transfer(table, handle, request);
    mlstore_curl_set_security(table, handle, request);
}

static inline void mlstore_curl_limit_connections(
    const mlstore_curl *table, CURLM *multi, long to_one_host) {
    table->multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, to_one_host);
    table->multi_setopt(multi, CURLMOPT_MAXCONNECTS, to_one_host + 4);
}

/// How many connections the transfer opened: 0 when it used one that was there.
static inline long mlstore_curl_new_connections(const mlstore_curl *table, CURL *handle) {
    long count = 0;
    table->easy_getinfo(handle, CURLINFO_NUM_CONNECTS, &count);
    return count;
}

/// The next transfer that ended: its handle, or NULL when there is none.
static inline CURL *mlstore_curl_next_ended(
    const mlstore_curl *table, CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = table->multi_info_read(multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        *result = message->data.result;
        return message->easy_handle;
    }
    return NULL;
}

// Constants that are macros with casts, which Swift does not import.
enum { MLSTORE_CURL_ABORT_SEND = CURL_READFUNC_ABORT, MLSTORE_CURL_ERROR_BYTES = CURL_ERROR_SIZE };

#endif
