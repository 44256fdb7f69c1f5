#include "auth/gs2.h"

#include <string.h>

bool gs2_decode_name(const char *bytes, size_t length, text *name)
{
  text_clear(name);
  for (size_t i = 0; i < length; i++)
    if (bytes[i] != '=')
      text_add_char(name, bytes[i]);
    else if (length - i >= 3 && (!memcmp(bytes + i, "=2C", 3) || !memcmp(bytes + i, "=3D", 3))) {
      text_add_char(name, bytes[i + 2] == 'C' ? ',' : '=');
      i += 2;
    } else
      return false;
  return length > 0;
}

/* Up to the next comma. */
static bool take_part(const char **at, const char *end, const char **part, size_t *length)
{
  const char *comma = memchr(*at, ',', (size_t)(end - *at));

  if (!comma) return false;
  *part = *at;
  *length = (size_t)(comma - *at);
  *at = comma + 1;
  return true;
}

size_t gs2_parse(struct gs2 *g, const char *bytes, size_t length)
{
  const char *at = bytes, *end = bytes + length, *part;
  size_t size;

  text_clear(&g->binding);
  text_clear(&g->acts_as);
  if (!length || !take_part(&at, end, &part, &size) || !size) return 0;
  g->flag = *part;
  if (g->flag == 'p' ? size < 2 || part[1] != '=' : size != 1 || (g->flag != 'n' && g->flag != 'y')) return 0;
  if (g->flag == 'p') text_copy_bytes(&g->binding, part + 2, size - 2);
  if (!take_part(&at, end, &part, &size)) return 0;
  if (size && (size < 2 || memcmp(part, "a=", 2) || !gs2_decode_name(part + 2, size - 2, &g->acts_as))) return 0;
  return (size_t)(at - bytes);
}

void gs2_free(struct gs2 *g)
{
  text_free(&g->binding);
  text_free(&g->acts_as);
}
