// The prefix and literal-compression parameters live behind this switch.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>
