// Loops over many numbers, compiled for several levels of a processor's vector instructions, with the
// same bits at every level: each result is made by the same operations in the same order, and only how
// many results are made at once differs. Why this is C: docs/decisions/0017-kernels-in-c.md.
//
// Callers pass memory that is large enough; nothing here checks, allocates or fails.

#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

/// Asks for the cache line at an address, which need not be readable. It computes nothing.
static inline void mlk_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

/// The instructions that every processor of the architecture has; AVX2; AVX-512 (F, VL, DQ, BW).
enum { mlk_baseline = 0, mlk_avx2 = 1, mlk_avx512 = 2 };

/// The highest level of this processor.
int32_t mlk_best_level(void);

/// e^x of `count` values: the bits of `exponential` in Exponential.swift.
void mlk_exponentials(int32_t level, const double *x, double *result, ptrdiff_t count);

/// For each row of `columns` numbers: `coefficients[0]`, plus the numbers times the coefficients
/// from 1 on, in order.
void mlk_scores(
    int32_t level, const double *dense, ptrdiff_t columns, ptrdiff_t rows,
    const double *coefficients, double *scores);

/// Adds to each of `columns` sums the factors times the column, row by row.
void mlk_column_sums(
    int32_t level, const double *dense, ptrdiff_t columns, ptrdiff_t rows, const double *factors,
    double *sums);

/// For each row, from its score and its label (0 or 1): probability minus label, and p (1 - p)
/// divided by `divisor`. Returns `sum` plus the losses, added row by row.
double mlk_logistic(
    int32_t level, const double *scores, const double *labels, ptrdiff_t rows, double divisor,
    double sum, double *errors, double *weights);

/// The rows that `mlk_gram` takes at a time.
enum { mlk_gram_rows = 64 };

/// Adds weight * column i * column j, row by row, to `sums`, rows of `width` numbers, for all i and the
/// j up to it; others may be anything. Column 0 is 1, the `columns` of the rows follow. `weights` may
/// be null, for 1. `width` is a multiple of 16 above `columns`; `scratch` has room for
/// 2 * mlk_gram_rows * width numbers.
void mlk_gram(
    int32_t level, const double *dense, ptrdiff_t columns, ptrdiff_t rows, const double *weights,
    double *scratch, double *sums, ptrdiff_t width);

/// For each row of `width` products, a multiple of 8: the index j of the least
/// halves[j] - products[j], the lowest of equal ones.
void mlk_nearest(
    int32_t level, const double *products, ptrdiff_t rows, ptrdiff_t width, const double *halves,
    int32_t *labels);

/// Adds each row of `columns` numbers to the row of `sums` that its label says, row by row.
void mlk_add_rows(
    const double *dense, ptrdiff_t columns, ptrdiff_t rows, const int32_t *labels, double *sums);

/// The squared distance of each row of `columns` numbers from the row of `centres` that its label
/// says: eight sums of every eighth column, folded halves onto each other.
void mlk_distances(
    int32_t level, const double *dense, ptrdiff_t columns, ptrdiff_t rows, const double *centres,
    const int32_t *labels, double *distances);

/// c[i][j] = (adds ? c[i][j] : 0) + a[i][0] b[0][j] + a[i][1] b[1][j] + ... in this order, for i below
/// `m`, j below `n`, `k` terms. Element (i, p) of a lies at i * aRow + p * aTerm, rows of b and c are bRow
/// and cRow apart. `n` is a multiple of 16.
void mlk_product(
    int32_t level, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const double *a, ptrdiff_t aRow,
    ptrdiff_t aTerm, const double *b, ptrdiff_t bRow, double *c, ptrdiff_t cRow, int32_t adds);

/// The same in single precision; `n` is a multiple of 32.
void mlk_product_single(
    int32_t level, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t aRow,
    ptrdiff_t aTerm, const float *b, ptrdiff_t bRow, float *c, ptrdiff_t cRow, int32_t adds);

/// Sets values below zero to zero.
void mlk_rectify(float *values, ptrdiff_t count);

/// Sets derivatives to zero where the value is not above zero.
void mlk_mask(float *derivatives, const float *values, ptrdiff_t count);

/// A step of Adam for `count` weights, a multiple of 16: with g the gradient plus `decay` times the
/// weight, first = 0.9 first + 0.1 g, second = 0.999 second + 0.001 g g, and the weight loses
/// rate * first / (sqrt(second) + floor).
void mlk_adam(
    int32_t level, float *weights, const float *gradients, float *first, float *second,
    ptrdiff_t count, float rate, float floor, float decay);

#endif
