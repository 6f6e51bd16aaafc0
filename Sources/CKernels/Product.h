// Included by Kernels.h for each kind of NUMBER: the product of two matrices. A tile of sums, TILE_ROWS
// rows of two vectors, stays in registers while the terms pass by in order.

#define LANES (VECTOR_BYTES / (int)sizeof(NUMBER))

typedef NUMBER V __attribute__((ext_vector_type(LANES)));
typedef NUMBER ANYWHERE
    __attribute__((ext_vector_type(LANES), aligned(sizeof(NUMBER)), may_alias));

ALWAYS void TILE(
    int rows, ptrdiff_t k, const NUMBER *a, ptrdiff_t aRow, ptrdiff_t aTerm, const NUMBER *b,
    ptrdiff_t bRow, NUMBER *c, ptrdiff_t cRow, int32_t adds) {
    V first[TILE_ROWS], second[TILE_ROWS];
    for (int i = 0; i < rows; i++) {
        first[i] = adds ? *(const ANYWHERE *)(c + i * cRow) : (V)0;
        second[i] = adds ? *(const ANYWHERE *)(c + i * cRow + LANES) : (V)0;
    }
    for (ptrdiff_t term = 0; term < k; term++) {
        const V left = *(const ANYWHERE *)(b + term * bRow);
        const V right = *(const ANYWHERE *)(b + term * bRow + LANES);
        for (int i = 0; i < rows; i++) {
            const V factor = a[i * aRow + term * aTerm];
            first[i] += factor * left;
            second[i] += factor * right;
        }
    }
    for (int i = 0; i < rows; i++) {
        *(ANYWHERE *)(c + i * cRow) = first[i];
        *(ANYWHERE *)(c + i * cRow + LANES) = second[i];
    }
}

static void PRODUCT(
    ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const NUMBER *a, ptrdiff_t aRow, ptrdiff_t aTerm,
    const NUMBER *b, ptrdiff_t bRow, NUMBER *c, ptrdiff_t cRow, int32_t adds) {
    for (ptrdiff_t column = 0; column < n; column += 2 * LANES) {
        ptrdiff_t row = 0;
        for (; row + TILE_ROWS <= m; row += TILE_ROWS)
            TILE(
                TILE_ROWS, k, a + row * aRow, aRow, aTerm, b + column, bRow,
                c + row * cRow + column, cRow, adds);
        for (; row < m; row++)
            TILE(
                1, k, a + row * aRow, aRow, aTerm, b + column, bRow, c + row * cRow + column,
                cRow, adds);
    }
}

#undef LANES
