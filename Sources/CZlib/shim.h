// The functions of zlib that mlstore calls, as a table filled at run time: only compressed tables
// need them, and every linked library costs time at every start.
#ifndef MLSTORE_CZLIB_H
#define MLSTORE_CZLIB_H

#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include <zlib.h>

typedef struct mlstore_zlib {
    __typeof__(&inflateInit2_) start;
    __typeof__(&inflate) inflate;
    __typeof__(&inflateReset) reset;
    __typeof__(&inflateEnd) end;
    __typeof__(&crc32) checksum;
} mlstore_zlib;

/// Opens the library, which then stays open; returns 0 where there is none.
static inline int mlstore_zlib_open(mlstore_zlib *table) {
#ifdef __APPLE__
    void *library = dlopen("/usr/lib/libz.1.dylib", RTLD_NOW | RTLD_LOCAL);
#else
    void *library = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);
#endif
    if (!library) return 0;
    *(void **)&table->start = dlsym(library, "inflateInit2_");
    *(void **)&table->inflate = dlsym(library, "inflate");
    *(void **)&table->reset = dlsym(library, "inflateReset");
    *(void **)&table->end = dlsym(library, "inflateEnd");
    *(void **)&table->checksum = dlsym(library, "crc32");
    return table->start && table->inflate && table->reset && table->end && table->checksum;
}

/// A stream that reads gzip members (16 + MAX_WBITS) or raw deflate data (-MAX_WBITS); NULL where there is
/// no memory, or the library is another than the header. Ended by `mlstore_zlib_close`.
static inline z_stream *mlstore_zlib_stream(mlstore_zlib table, int bits) {
    z_stream *stream = calloc(1, sizeof(z_stream));
    if (!stream) return NULL;
    if (table.start(stream, bits, ZLIB_VERSION, (int)sizeof(z_stream)) == Z_OK)
        return stream;
    free(stream);
    return NULL;
}

static inline void mlstore_zlib_close(mlstore_zlib table, z_stream *stream) {
    table.end(stream);
    free(stream);
}

#endif
