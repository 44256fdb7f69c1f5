/* filter/dkim_canon, dkim_header: any bytes as a message; the canonical form is the same in whatever pieces the body came, and is its own. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "filter/dkim_canon.h"
#include "filter/dkim_header.h"
#include "lib/dkim_list.h"
#include "lib/header.h"

const char *PROG = "fuzz";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *to, const char *bytes, size_t length) { text_add_bytes(to, bytes, length); }

static void canon(text *out, const char *bytes, size_t length, size_t piece)
{
  static struct dkim_body body;

  text_clear(out);
  body = (struct dkim_body){ .take = take, .to = out };
  for (size_t at = 0; at < length; at += piece) dkim_body_feed(&body, bytes + at, length - at < piece ? length - at : piece);
  dkim_body_end(&body);
}

static void list(const char *bytes, size_t size)
{
  text lines = TEXT_ZERO, selectors = TEXT_ZERO, error = TEXT_ZERO;

  text_add_bytes(&lines, bytes, size);
  text_string(&lines);
  dkim_list_find(&lines, "a.example", &selectors, &error);
  text_free(&lines), text_free(&selectors), text_free(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const char *bytes = (const char *)data;
  text names = TEXT_ZERO, canonical = TEXT_ZERO, one = TEXT_ZERO, two = TEXT_ZERO;
  size_t header = header_length(bytes, size);

  dkim_header_choose(bytes, header, &names, &canonical);
  if (names.len < 4 || names.len > (DKIM_FIELDS_MAX + 1) * 65) abort();
  struct dkim_signature s = { .algorithm = "rsa-sha256", .domain = "a.example", .selector = "x", .names = &names, .body_hash = &names };
  dkim_header_begin(&one, &s, &two);
  canon(&one, bytes, size, size + 1);
  canon(&two, bytes, size, 1);
  if (!text_equal(&one, &two) || one.len > 2 * size + 2) abort();
  canon(&two, one.s, one.len, 7);
  if (!text_equal(&one, &two)) abort();
  list(bytes, size);
  text_free(&names), text_free(&canonical), text_free(&one), text_free(&two);
  return 0;
}
