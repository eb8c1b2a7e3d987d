/* Bodies of functions that all runtimes of a thread share: included into quickjs.c by quickjs-cc.

   The body of a function that was read from bytecode (its variables, its code with the atoms filled
   in, its table of positions) does not change once it is read, and with the same modules loaded in
   the same order atoms have the same numbers in every runtime, so the bodies of one function are
   equal byte by byte. Equal ones are kept once per thread, whatever runtime they came from. What
   differs stays with the runtime: constants, counts of references, the realm.

   Runtimes must be made, used and freed on one thread each. */

typedef struct SharedBody {
    struct SharedBody *next;
    uint64_t hash;
    uint32_t size;
    uint32_t users;
    _Alignas(8) uint8_t bytes[];
} SharedBody;

/* A hash table of bodies with chains; no slots while there is no body. */
static _Thread_local struct {
    SharedBody **slots;
    size_t slot_count; /* a power of two */
    size_t body_count;
} shared_bodies;

#define SHARED_BODIES_FIRST_SLOTS 1024

static size_t vardefs_size(const JSFunctionBytecode *b)
{
    return b->vardefs ? (b->arg_count + b->var_count) * sizeof(*b->vardefs) : 0;
}

static uint64_t hash_body(const uint8_t *bytes, size_t size)
{
    uint64_t hash = size, word;
    for (; size >= 8; bytes += 8, size -= 8) {
        memcpy(&word, bytes, 8);
        hash = (hash ^ word) * 0x9E3779B97F4A7C15;
        hash ^= hash >> 29;
    }
    for (; size > 0; bytes++, size--)
        hash = (hash ^ *bytes) * 0x9E3779B97F4A7C15;
    return hash ^ (hash >> 32);
}

/* Makes room for one body more; false when there is no memory. */
static bool grow_shared_bodies(void)
{
    size_t i, old_count = shared_bodies.slot_count;
    size_t count = old_count ? old_count * 2 : SHARED_BODIES_FIRST_SLOTS;
    SharedBody **slots, *body, *next;

    if (shared_bodies.body_count < old_count)
        return true;
    /* Names in parentheses: quickjs.c forbids what looks like a call of these. */
    slots = (calloc)(count, sizeof(*slots));
    if (!slots)
        return old_count != 0;
    for (i = 0; i < old_count; i++) {
        for (body = shared_bodies.slots[i]; body; body = next) {
            next = body->next;
            body->next = slots[body->hash & (count - 1)];
            slots[body->hash & (count - 1)] = body;
        }
    }
    (free)(shared_bodies.slots);
    shared_bodies.slots = slots;
    shared_bodies.slot_count = count;
    return true;
}

/* The body with this content, with one user more; NULL when there is no memory. */
static SharedBody *find_shared_body(const uint8_t *bytes, size_t size)
{
    uint64_t hash = hash_body(bytes, size);
    SharedBody *body, **slot;

    if (!grow_shared_bodies())
        return NULL;
    slot = &shared_bodies.slots[hash & (shared_bodies.slot_count - 1)];
    for (body = *slot; body; body = body->next) {
        if (body->hash == hash && body->size == size && !memcmp(body->bytes, bytes, size)) {
            body->users++;
            return body;
        }
    }
    body = (malloc)(sizeof(*body) + size);
    if (!body)
        return NULL;
    body->hash = hash;
    body->size = size;
    body->users = 1;
    memcpy(body->bytes, bytes, size);
    body->next = *slot;
    *slot = body;
    shared_bodies.body_count++;
    return body;
}

/* `b`, just read, as a function with a shared body: in a smaller block if all goes well. */
static JSValue share_body(JSContext *ctx, JSFunctionBytecode *b)
{
    size_t vardefs = vardefs_size(b);
    size_t closure_vars = b->closure_var_count * sizeof(*b->closure_var);
    size_t in_block = vardefs + closure_vars + b->byte_code_len;
    size_t own = ((sizeof(*b) + 7) & ~7) + b->cpool_count * sizeof(*b->cpool);
    JSFunctionBytecode *lean = js_malloc_rt(ctx->rt, own);
    uint8_t *whole = lean ? (malloc)(in_block + b->pc2line_len) : NULL;
    SharedBody *body = NULL;

    if (whole) {
        memcpy(whole, (uint8_t *)b + own, in_block);
        if (b->pc2line_len)
            memcpy(whole + in_block, b->pc2line_buf, b->pc2line_len);
        body = find_shared_body(whole, in_block + b->pc2line_len);
        (free)(whole);
    }
    if (!body) {
        js_free_rt(ctx->rt, lean);
        return JS_MKPTR(JS_TAG_FUNCTION_BYTECODE, b);
    }
    memcpy(lean, b, own);
    JS_REF_COUNT(lean) = JS_REF_COUNT(b);
    if (b->cpool)
        lean->cpool = (void *)((uint8_t *)lean + ((sizeof(*b) + 7) & ~7));
    if (b->vardefs)
        lean->vardefs = (void *)body->bytes;
    if (b->closure_var)
        lean->closure_var = (void *)(body->bytes + vardefs);
    lean->byte_code_buf = body->bytes + vardefs + closure_vars;
    if (b->pc2line_buf)
        lean->pc2line_buf = body->bytes + in_block;
    lean->shares_body = true;
    js_free_rt(ctx->rt, b->pc2line_buf);
    remove_gc_object(&b->header);
    js_free_rt(ctx->rt, b);
    add_gc_object(ctx->rt, &lean->header, JS_GC_OBJ_TYPE_FUNCTION_BYTECODE);
    return JS_MKPTR(JS_TAG_FUNCTION_BYTECODE, lean);
}

/* One user less of the body of `b`, which is being freed. */
static void release_shared_body(JSFunctionBytecode *b)
{
    uint8_t *bytes =
        b->byte_code_buf - b->closure_var_count * sizeof(*b->closure_var) - vardefs_size(b);
    SharedBody *body = container_of(bytes, SharedBody, bytes), **link;

    if (--body->users > 0)
        return;
    link = &shared_bodies.slots[body->hash & (shared_bodies.slot_count - 1)];
    while (*link != body)
        link = &(*link)->next;
    *link = body->next;
    (free)(body);
    if (--shared_bodies.body_count == 0) {
        (free)(shared_bodies.slots);
        shared_bodies.slots = NULL;
        shared_bodies.slot_count = 0;
    }
}
