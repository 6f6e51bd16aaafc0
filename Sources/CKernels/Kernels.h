// Included by Levels.c once a level: VECTOR_BYTES is the width of a register, TILE_ROWS how many rows
// of a tile of sums fit into the registers, LEVEL(name) makes names distinct.

#define ALWAYS static inline __attribute__((always_inline))
#define E8 LEVEL(Eight)
#define W8 LEVEL(EightWords)

// Eight rows side by side, in as many registers as that takes.
typedef double E8 __attribute__((ext_vector_type(8)));
typedef int64_t W8 __attribute__((ext_vector_type(8)));
typedef double LEVEL(EightAnywhere) __attribute__((ext_vector_type(8), aligned(8), may_alias));

ALWAYS E8 LEVEL(load)(const double *from) { return *(const LEVEL(EightAnywhere) *)from; }

ALWAYS void LEVEL(store)(double *to, E8 value) { *(LEVEL(EightAnywhere) *)to = value; }

ALWAYS E8 LEVEL(choose)(W8 isFirst, E8 first, E8 second) {
    return (E8)((isFirst & (W8)first) | (~isFirst & (W8)second));
}

// Exponential.swift has the reasons; every operation here is one of there.
ALWAYS E8 LEVEL(exponential)(E8 x) {
    const E8 shifted = x * 0x1.71547652b82fep0 + 0x1.8p52;
    const E8 multiple = shifted - 0x1.8p52;
    // The shifted number ends in the whole one.
    const W8 exponent = (W8)shifted - 0x4338000000000000;
    const E8 high = x - multiple * 0x1.62e42feep-1;
    const E8 low = multiple * 0x1.a39ef35793c76p-33;
    const E8 r = high - low;
    const E8 lost = (high - r) - low;
    E8 series = 1.0 / 6227020800;
    series = series * r + 1.0 / 479001600;
    series = series * r + 1.0 / 39916800;
    series = series * r + 1.0 / 3628800;
    series = series * r + 1.0 / 362880;
    series = series * r + 1.0 / 40320;
    series = series * r + 1.0 / 5040;
    series = series * r + 1.0 / 720;
    series = series * r + 1.0 / 120;
    series = series * r + 1.0 / 24;
    series = series * r + 1.0 / 6;
    const E8 tail = r * r * (0.5 + r * series) + (lost + lost * r);
    const E8 value = 1 + (r + tail);
    // In the middle the second factor is 1; at the ends only it can round.
    const W8 isMiddle = (exponent >= -1021) & (exponent <= 1022);
    const W8 half = ~isMiddle & (exponent > 0 ? (W8)1000 : (W8)-1000);
    E8 result = value * (E8)((exponent - half + 1023) << 52) * (E8)((half + 1023) << 52);
    result = LEVEL(choose)(x < -745.1332191019412, (E8)0, result);
    result = LEVEL(choose)(x > 709.782712893384, (E8)__builtin_inf(), result);
    return LEVEL(choose)(x != x, x, result);
}

static void LEVEL(exponentials)(const double *x, double *result, ptrdiff_t count) {
    ptrdiff_t index = 0;
    for (; index + 8 <= count; index += 8)
        LEVEL(store)(result + index, LEVEL(exponential)(LEVEL(load)(x + index)));
    if (index == count) return;
    double rest[8] = {0};
    for (ptrdiff_t place = index; place < count; place++) rest[place - index] = x[place];
    LEVEL(store)(rest, LEVEL(exponential)(LEVEL(load)(rest)));
    for (ptrdiff_t place = index; place < count; place++) result[place] = rest[place - index];
}

// log(1 + x) for x in [0, 1]: `logarithmOnePlus` in Logarithm.swift. NaN for NaN.
ALWAYS E8 LEVEL(logarithm_one_plus)(E8 x) {
    const W8 isSmall = x < 0.41;
    const E8 sum = 1 + x;
    const E8 rounding = LEVEL(choose)(x >= 1, 1 - (sum - x), x - (sum - 1));
    const E8 correction = LEVEL(choose)(isSmall, (E8)0, rounding / sum);
    // Above the square root of 2 half of the sum is nearer to 1.
    const W8 isUpper = ~isSmall & (sum >= 0x1.6a09e667f3bcdp0);
    const E8 k = LEVEL(choose)(isUpper, (E8)1, (E8)0);
    const E8 f =
        LEVEL(choose)(isSmall, x, LEVEL(choose)(isUpper, sum * 0.5, sum) - 1);
    const E8 s = f / (2 + f);
    const E8 square = s * s;
    E8 series = 2.0 / 23;
    series = series * square + 2.0 / 21;
    series = series * square + 2.0 / 19;
    series = series * square + 2.0 / 17;
    series = series * square + 2.0 / 15;
    series = series * square + 2.0 / 13;
    series = series * square + 2.0 / 11;
    series = series * square + 2.0 / 9;
    series = series * square + 2.0 / 7;
    series = series * square + 2.0 / 5;
    series = series * square + 2.0 / 3;
    const E8 half = 0.5 * f * f;
    const E8 small = s * (half + series * square) + (k * 0x1.a39ef35793c76p-33 + correction);
    const E8 result = k * 0x1.62e42feep-1 - ((half - small) - f);
    return LEVEL(choose)(x < 0x1p-54, x, result);
}

static double LEVEL(logistic)(
    const double *scores, const double *labels, ptrdiff_t rows, double divisor, double sum,
    double *errors, double *weights) {
    for (ptrdiff_t row = 0; row < rows; row += 8) {
        const ptrdiff_t count = rows - row < 8 ? rows - row : 8;
        double s[8] = {0}, y[8] = {0}, losses[8], e[8], w[8];
        __builtin_memcpy(s, scores + row, count * sizeof(double));
        __builtin_memcpy(y, labels + row, count * sizeof(double));
        const E8 score = LEVEL(load)(s), label = LEVEL(load)(y);
        // One exponential serves the loss and the probability: e^-|s|.
        const W8 isNegative = score < 0;
        const E8 power = LEVEL(exponential)((E8)((W8)score | INT64_MIN));
        const E8 positive = LEVEL(choose)(score > 0, score, (E8)0);
        const E8 loss = positive + LEVEL(logarithm_one_plus)(power) - label * score;
        const E8 whole = 1 + power;
        LEVEL(store)(losses, loss);
        LEVEL(store)(e, LEVEL(choose)(isNegative, power, (E8)1) / whole - label);
        LEVEL(store)(w, power / (whole * whole) / divisor);
        for (ptrdiff_t place = 0; place < count; place++) sum += losses[place];
        __builtin_memcpy(errors + row, e, count * sizeof(double));
        __builtin_memcpy(weights + row, w, count * sizeof(double));
    }
    return sum;
}

// Eight columns of eight rows, turned so that a vector holds a column.
ALWAYS void LEVEL(turn)(const double *from, ptrdiff_t columns, E8 *turned) {
    E8 a[8], b[8];
    for (int i = 0; i < 8; i++) a[i] = LEVEL(load)(from + i * columns);
    for (int i = 0; i < 8; i += 2) {
        b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    for (int i = 0; i < 8; i += 4)
        for (int j = 0; j < 2; j++) {
            a[i + j] = __builtin_shufflevector(b[i + j], b[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            a[i + j + 2] =
                __builtin_shufflevector(b[i + j], b[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    for (int i = 0; i < 4; i++) {
        turned[i] = __builtin_shufflevector(a[i], a[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        turned[i + 4] = __builtin_shufflevector(a[i], a[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

static void LEVEL(scores)(
    const double *dense, ptrdiff_t columns, ptrdiff_t rows, const double *coefficients,
    double *scores) {
    ptrdiff_t row = 0;
    for (; row + 8 <= rows; row += 8) {
        const double *first = dense + row * columns;
        E8 sum = coefficients[0];
        ptrdiff_t column = 0;
        for (; column + 8 <= columns; column += 8) {
            E8 turned[8];
            LEVEL(turn)(first + column, columns, turned);
            for (int i = 0; i < 8; i++) sum += turned[i] * coefficients[1 + column + i];
        }
        for (; column < columns; column++) {
            E8 values;
            for (int i = 0; i < 8; i++) values[i] = first[i * columns + column];
            sum += values * coefficients[1 + column];
        }
        LEVEL(store)(scores + row, sum);
    }
    for (; row < rows; row++) {
        double sum = coefficients[0];
        for (ptrdiff_t column = 0; column < columns; column++)
            sum += dense[row * columns + column] * coefficients[1 + column];
        scores[row] = sum;
    }
}

// `count` times eight columns, whose sums stay in registers.
ALWAYS void LEVEL(add_columns)(
    const double *dense, ptrdiff_t columns, ptrdiff_t rows, const double *factors, double *sums,
    int count) {
    E8 total[4];
    for (int i = 0; i < count; i++) total[i] = LEVEL(load)(sums + 8 * i);
    for (ptrdiff_t row = 0; row < rows; row++) {
        const E8 factor = factors[row];
        for (int i = 0; i < count; i++)
            total[i] += factor * LEVEL(load)(dense + row * columns + 8 * i);
    }
    for (int i = 0; i < count; i++) LEVEL(store)(sums + 8 * i, total[i]);
}

static void LEVEL(column_sums)(
    const double *dense, ptrdiff_t columns, ptrdiff_t rows, const double *factors, double *sums) {
    // A few rows at a time, which stay in the cache.
    for (ptrdiff_t start = 0; start < rows; start += 64) {
        const ptrdiff_t count = rows - start < 64 ? rows - start : 64;
        const double *first = dense + start * columns;
        ptrdiff_t column = 0;
        for (; column + 32 <= columns; column += 32)
            LEVEL(add_columns)(first + column, columns, count, factors + start, sums + column, 4);
        for (; column + 8 <= columns; column += 8)
            LEVEL(add_columns)(first + column, columns, count, factors + start, sums + column, 1);
        for (; column < columns; column++) {
            double sum = sums[column];
            for (ptrdiff_t row = 0; row < count; row++)
                sum += factors[start + row] * first[row * columns + column];
            sums[column] = sum;
        }
    }
}

static void LEVEL(nearest)(
    const double *products, ptrdiff_t rows, ptrdiff_t width, const double *halves,
    int32_t *labels) {
    const W8 places = {0, 1, 2, 3, 4, 5, 6, 7};
    for (ptrdiff_t row = 0; row < rows; row++) {
        const double *from = products + row * width;
        E8 least = LEVEL(load)(halves) - LEVEL(load)(from);
        W8 where = places;
        for (ptrdiff_t first = 8; first < width; first += 8) {
            const E8 value = LEVEL(load)(halves + first) - LEVEL(load)(from + first);
            const W8 isLess = value < least;
            least = LEVEL(choose)(isLess, value, least);
            where = (isLess & (places + first)) | (~isLess & where);
        }
        double best = least[0];
        int64_t label = where[0];
        for (int lane = 1; lane < 8; lane++)
            if (least[lane] < best || (least[lane] == best && where[lane] < label)) {
                best = least[lane];
                label = where[lane];
            }
        labels[row] = (int32_t)label;
    }
}

static void LEVEL(distances)(
    const double *dense, ptrdiff_t columns, ptrdiff_t rows, const double *centres,
    const int32_t *labels, double *result) {
    for (ptrdiff_t row = 0; row < rows; row++) {
        const double *x = dense + row * columns, *centre = centres + labels[row] * columns;
        E8 sums = 0;
        ptrdiff_t column = 0;
        for (; column + 8 <= columns; column += 8) {
            const E8 distance = LEVEL(load)(x + column) - LEVEL(load)(centre + column);
            sums += distance * distance;
        }
        for (int lane = 0; column < columns; column++, lane++) {
            const double distance = x[column] - centre[column];
            sums[lane] += distance * distance;
        }
        const double a = sums[0] + sums[4], b = sums[1] + sums[5];
        const double c = sums[2] + sums[6], d = sums[3] + sums[7];
        result[row] = (a + c) + (b + d);
    }
}

#define NUMBER double
#define PRODUCT LEVEL(product)
#define V LEVEL(Doubles)
#define ANYWHERE LEVEL(DoublesAnywhere)
#define TILE LEVEL(tile)
#include "Product.h"

static void LEVEL(gram)(
    const double *dense, ptrdiff_t columns, ptrdiff_t rows, const double *weights,
    double *scratch, double *sums, ptrdiff_t width) {
    const ptrdiff_t panel = 2 * VECTOR_BYTES / (ptrdiff_t)sizeof(double);
    double *rights = scratch, *lefts = scratch + mlk_gram_rows * width;
    __builtin_memset(scratch, 0, 2 * mlk_gram_rows * width * sizeof(double));
    for (ptrdiff_t start = 0; start < rows; start += mlk_gram_rows) {
        const ptrdiff_t count = rows - start < mlk_gram_rows ? rows - start : mlk_gram_rows;
        for (ptrdiff_t row = 0; row < count; row++) {
            const double *from = dense + (start + row) * columns;
            const double weight = weights ? weights[start + row] : 1;
            double *right = rights + row * width, *left = lefts + row * width;
            right[0] = 1;
            left[0] = weight;
            for (ptrdiff_t column = 0; column < columns; column++) {
                right[1 + column] = from[column];
                left[1 + column] = weight * from[column];
            }
        }
        for (ptrdiff_t column = 0; column <= columns; column += panel)
            for (ptrdiff_t row = column; row <= columns; row += TILE_ROWS)
                TILE(
                    TILE_ROWS, count, lefts + row, 1, width, rights + column, width,
                    sums + row * width + column, width, 1);
    }
}

#undef NUMBER
#undef PRODUCT
#undef V
#undef ANYWHERE
#undef TILE

#define NUMBER float
#define PRODUCT LEVEL(product_single)
#define V LEVEL(Singles)
#define ANYWHERE LEVEL(SinglesAnywhere)
#define TILE LEVEL(tile_single)
#include "Product.h"

static void LEVEL(adam)(
    float *weights, const float *gradients, float *first, float *second, ptrdiff_t count,
    float rate, float floor, float decay) {
    for (ptrdiff_t index = 0; index < count; index += (ptrdiff_t)(sizeof(V) / sizeof(float))) {
        const V weight = *(const ANYWHERE *)(weights + index);
        const V gradient = *(const ANYWHERE *)(gradients + index) + decay * weight;
        const V mean = 0.9f * *(const ANYWHERE *)(first + index) + 0.1f * gradient;
        const V square =
            0.999f * *(const ANYWHERE *)(second + index) + 0.001f * (gradient * gradient);
        *(ANYWHERE *)(first + index) = mean;
        *(ANYWHERE *)(second + index) = square;
        *(ANYWHERE *)(weights + index) =
            weight - rate * mean / (__builtin_elementwise_sqrt(square) + floor);
    }
}
#undef NUMBER
#undef PRODUCT
#undef V
#undef ANYWHERE
#undef TILE

#undef E8
#undef W8
#undef ALWAYS
