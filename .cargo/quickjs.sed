# What quickjs_share.h needs of quickjs.c: a flag, itself, and calls where functions are freed and read.
s|^    uint8_t backtrace_barrier : 1; /\* stop backtrace on this function \*/$|&\
    uint8_t shares_body : 1; /* see quickjs_share.h */|
/^static void free_function_bytecode(JSRuntime \*rt, JSFunctionBytecode \*b)$/i\
#include "quickjs_share.h"
s|^    js_free_rt(rt, b->pc2line_buf);$|    if (b->shares_body) { release_shared_body(b); } else { js_free_rt(rt, b->pc2line_buf); }|
/^ nodebug:$/,/^    return obj;$/ s|^    return obj;$|    return share_body(ctx, b);|
