/* lib/limits_page: any bytes as a page of a store. One that is whole can be walked, changed and filled, and stays whole; a put
   can be found again. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/limits_page.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

const char *PROG = "fuzz";

/* As the fuzzer cannot guess a sum. */
static void make_whole(struct limits_page *page)
{
  uint16_t used;

  memcpy(&used, page->bytes + 8, sizeof used);
  if (used <= LIMITS_PAGE_BYTES - 16) limits_page_seal(page);
}

static void change(struct limits_page *page, const uint8_t *bytes, size_t length)
{
  char name[41] = { 0 };
  struct limits_value value, found;
  uint64_t expires = length;
  const char *seen;
  size_t all = 0;

  for (size_t at = 0; limits_page_next(page, &at, &seen, &found); all++)
    if (strlen(seen) + 1 + found.len > LIMITS_PAGE_BYTES) abort();
  memcpy(name, bytes, length < 40 ? length : 40);
  char *content = calloc(1, length + 8);
  if (!content) abort();
  memcpy(content, &expires, sizeof expires);
  value = (struct limits_value){ content, length + 8 };
  if (limits_page_put(page, name, strlen(name) + 1, &value, 5)) {
    if (!limits_page_find(page, name, strlen(name) + 1, &found) || found.len != value.len) abort();
    limits_page_seal(page);
    if (!limits_page_is_whole(page)) abort();
    if (!limits_page_remove(page, name, strlen(name) + 1) || limits_page_find(page, name, strlen(name) + 1, &found)) abort();
  }
  free(content);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
  struct limits_page page;

  limits_page_clear(&page);
  memcpy(page.bytes, bytes, length < sizeof page.bytes ? length : sizeof page.bytes);
  if (length % 2) make_whole(&page);
  if (!limits_page_is_whole(&page)) limits_page_clear(&page);
  for (int i = 0; i < 60; i++) change(&page, bytes + (length ? i % length : 0), length ? length - i % length : 0);
  return 0;
}
