#include "imap/names.h"

#include <stdlib.h>
#include <string.h>

#include "imap/entry.h"
#include "lib/die.h"

void imap_names_add(struct imap_names *n, const text *name)
{
  text_add_bytes(&n->bytes, name->s, name->len);
  text_add_char(&n->bytes, 0);
}

static int compare(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void imap_names_sort(struct imap_names *n)
{
  size_t room = 0, kept = 0;

  for (size_t at = 0; at < n->bytes.len; at++) room += !n->bytes.s[at];
  free(n->list);
  n->list = reallocarray(0, room + 1, sizeof *n->list);
  if (!n->list) die_nomem();
  n->count = 0;
  for (size_t at = 0; at < n->bytes.len; at += strlen(n->bytes.s + at) + 1) n->list[n->count++] = n->bytes.s + at;
  qsort(n->list, n->count, sizeof *n->list, compare);
  for (size_t i = 0; i < n->count; i++)
    if (!kept || strcmp(n->list[kept - 1], n->list[i])) n->list[kept++] = n->list[i];
  n->count = kept;
}

/* The place of the first name that is not before this one. */
static size_t bound(const struct imap_names *n, const char *name)
{
  size_t low = 0, high = n->count;

  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (strcmp(n->list[middle], name) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

bool imap_names_have(const struct imap_names *n, const char *name)
{
  size_t at = bound(n, name);

  return at < n->count && !strcmp(n->list[at], name);
}

bool imap_names_have_below(const struct imap_names *n, const char *name)
{
  text parent = TEXT_ZERO;

  text_add(&parent, name);
  text_add_char(&parent, IMAP_SEPARATOR);
  size_t at = bound(n, text_string(&parent));
  bool have = at < n->count && !strncmp(n->list[at], parent.s, parent.len);
  text_free(&parent);
  return have;
}

void imap_names_free(struct imap_names *n)
{
  text_free(&n->bytes);
  free(n->list);
  n->list = 0;
  n->count = 0;
}
