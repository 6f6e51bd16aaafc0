// The one instruction that Kernels needs and Swift has no word for. It computes nothing: no result
// can depend on it. Why it is here: docs/decisions/0016-integer-gradients.md.

#ifndef CKERNELS_H
#define CKERNELS_H

/// Asks for the cache line at an address, which need not be readable.
static inline void mlk_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

#endif
