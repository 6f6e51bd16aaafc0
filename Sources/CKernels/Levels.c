#include "CKernels.h"

// A product and a sum are rounded one after the other, on every processor.
#pragma STDC FP_CONTRACT OFF
// Vectors are arguments of inlined functions only.
#pragma clang diagnostic ignored "-Wpsabi"

#define LEVEL(name) name##_baseline
#define VECTOR_BYTES 16
#define TILE_ROWS 4
#include "Kernels.h"
#undef LEVEL
#undef VECTOR_BYTES
#undef TILE_ROWS

#if defined(__x86_64__)

#define LEVEL(name) name##_avx2
#define VECTOR_BYTES 32
#define TILE_ROWS 4
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#include "Kernels.h"
#pragma clang attribute pop
#undef LEVEL
#undef VECTOR_BYTES
#undef TILE_ROWS

// Clang would cut vectors of 64 bytes in halves for a processor that it does not know.
#define LEVEL(name) name##_avx512
#define VECTOR_BYTES 64
#define TILE_ROWS 8
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw"), min_vector_width(512))), \
    apply_to = function)
#include "Kernels.h"
#pragma clang attribute pop
#undef LEVEL
#undef VECTOR_BYTES
#undef TILE_ROWS

int32_t mlk_best_level(void) {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
        return mlk_avx512;
    return __builtin_cpu_supports("avx2") ? mlk_avx2 : mlk_baseline;
}

#define AT_LEVEL(name, ...) \
    switch (level) { \
    case mlk_avx512: return name##_avx512(__VA_ARGS__); \
    case mlk_avx2: return name##_avx2(__VA_ARGS__); \
    default: return name##_baseline(__VA_ARGS__); \
    }

#else

// Elsewhere one level is enough: arm64 has the same instructions everywhere.
int32_t mlk_best_level(void) { return mlk_baseline; }

#define AT_LEVEL(name, ...) return name##_baseline(__VA_ARGS__);

#endif

void mlk_exponentials(int32_t level, const double *x, double *result, ptrdiff_t count) {
    AT_LEVEL(exponentials, x, result, count)
}

void mlk_scores(
    int32_t level, const double *dense, ptrdiff_t columns, ptrdiff_t rows,
    const double *coefficients, double *result) {
    AT_LEVEL(scores, dense, columns, rows, coefficients, result)
}

void mlk_column_sums(
    int32_t level, const double *dense, ptrdiff_t columns, ptrdiff_t rows, const double *factors,
    double *sums) {
    AT_LEVEL(column_sums, dense, columns, rows, factors, sums)
}

double mlk_logistic(
    int32_t level, const double *scores, const double *labels, ptrdiff_t rows, double divisor,
    double sum, double *errors, double *weights) {
    AT_LEVEL(logistic, scores, labels, rows, divisor, sum, errors, weights)
}

void mlk_gram(
    int32_t level, const double *dense, ptrdiff_t columns, ptrdiff_t rows, const double *weights,
    double *scratch, double *sums, ptrdiff_t width) {
    AT_LEVEL(gram, dense, columns, rows, weights, scratch, sums, width)
}

void mlk_nearest(
    int32_t level, const double *products, ptrdiff_t rows, ptrdiff_t width, const double *halves,
    int32_t *labels) {
    AT_LEVEL(nearest, products, rows, width, halves, labels)
}

void mlk_add_rows(
    const double *dense, ptrdiff_t columns, ptrdiff_t rows, const int32_t *labels, double *sums) {
    for (ptrdiff_t row = 0; row < rows; row++) {
        const double *from = dense + row * columns;
        double *to = sums + labels[row] * columns;
        for (ptrdiff_t column = 0; column < columns; column++) to[column] += from[column];
    }
}

void mlk_distances(
    int32_t level, const double *dense, ptrdiff_t columns, ptrdiff_t rows, const double *centres,
    const int32_t *labels, double *result) {
    AT_LEVEL(distances, dense, columns, rows, centres, labels, result)
}

void mlk_product(
    int32_t level, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const double *a, ptrdiff_t aRow,
    ptrdiff_t aTerm, const double *b, ptrdiff_t bRow, double *c, ptrdiff_t cRow, int32_t adds) {
    AT_LEVEL(product, m, n, k, a, aRow, aTerm, b, bRow, c, cRow, adds)
}

void mlk_product_single(
    int32_t level, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t aRow,
    ptrdiff_t aTerm, const float *b, ptrdiff_t bRow, float *c, ptrdiff_t cRow, int32_t adds) {
    AT_LEVEL(product_single, m, n, k, a, aRow, aTerm, b, bRow, c, cRow, adds)
}

void mlk_rectify(float *values, ptrdiff_t count) {
    // Not the larger of two: what is no number must stay none.
    for (ptrdiff_t index = 0; index < count; index++)
        values[index] = values[index] < 0 ? 0 : values[index];
}

void mlk_mask(float *derivatives, const float *values, ptrdiff_t count) {
    for (ptrdiff_t index = 0; index < count; index++) {
        // Read in any case: a branch would be taken half of the times, at random.
        const float derivative = derivatives[index];
        derivatives[index] = values[index] > 0 ? derivative : 0;
    }
}

void mlk_adam(
    int32_t level, float *weights, const float *gradients, float *first, float *second,
    ptrdiff_t count, float rate, float floor, float decay) {
    AT_LEVEL(adam, weights, gradients, first, second, count, rate, floor, decay)
}
