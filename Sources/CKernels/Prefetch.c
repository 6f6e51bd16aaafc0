// A target needs a source file; the header is all there is.
#include "CKernels.h"
