#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/die.h"
#include "lib/pool.h"

enum { POOL_BLOCK = 4000 };

struct pool_block {
  struct pool_block *before;
  size_t used, size;
  alignas(max_align_t) char memory[];
};

static struct pool_block *add_block(struct pool *p, size_t size)
{
  struct pool_block *block;

  if (size < POOL_BLOCK) size = POOL_BLOCK;
  if (size > SIZE_MAX - sizeof *block) die_nomem();
  block = malloc(sizeof *block + size);
  if (!block) die_nomem();
  block->before = p->last;
  block->used = 0;
  block->size = size;
  return p->last = block;
}

void *pool_take(struct pool *p, size_t size)
{
  struct pool_block *block = p->last;
  size_t rest = size % alignof(max_align_t);
  void *piece;

  if (rest) {
    if (size > SIZE_MAX - alignof(max_align_t)) die_nomem();
    size += alignof(max_align_t) - rest;
  }
  if (!block || block->size - block->used < size) block = add_block(p, size);
  piece = block->memory + block->used;
  block->used += size;
  return memset(piece, 0, size);
}

void *pool_take_many(struct pool *p, size_t count, size_t size)
{
  if (size && count > SIZE_MAX / size) die_nomem();
  return pool_take(p, count * size);
}

char *pool_string(struct pool *p, const char *bytes, size_t length)
{
  if (length == SIZE_MAX) die_nomem();
  char *string = pool_take(p, length + 1);
  if (length) memcpy(string, bytes, length);
  return string;
}

void pool_free(struct pool *p)
{
  while (p->last) {
    struct pool_block *before = p->last->before;
    free(p->last);
    p->last = before;
  }
}
