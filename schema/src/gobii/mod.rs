//! GOBii's loader instruction, in all the dialects its clients write.
