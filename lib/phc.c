#include "lib/phc.h"

#include <string.h>

#include "lib/base64.h"

enum { VERSION_OLD = 0x10, VERSION = 0x13, LANE_MEMORY_MIN = 8 };

static bool take(const char **at, const char *literal)
{
  size_t length = strlen(literal);
  if (strncmp(*at, literal, length)) return false;
  *at += length;
  return true;
}

static bool take_number(const char **at, const char *name, uint32_t least, uint32_t most, uint32_t *number)
{
  uint64_t n;

  if (!take(at, name)) return false;
  size_t digits = strspn(*at, "0123456789");
  if (!digits || !number_scan_bytes(*at, digits, most, &n) || n < least) return false;
  *at += digits;
  *number = (uint32_t)n;
  return true;
}

/* Up to the next '$' or the end. */
static bool take_bytes(const char **at, size_t least, size_t most, text *bytes)
{
  text padded = TEXT_ZERO;
  size_t length = strcspn(*at, "$");

  text_clear(bytes);
  text_copy_bytes(&padded, *at, length);
  while (padded.len % 4) text_add_char(&padded, '=');
  bool good = !memchr(*at, '=', length) && base64_decode(bytes, padded.s, padded.len) && bytes->len >= least && bytes->len <= most;
  *at += length;
  text_wipe(&padded);
  return good;
}

bool phc_parse(struct phc *p, const char *string)
{
  const char *at = string;

  p->version = VERSION_OLD; /* a string from before there was another one does not name it */
  p->is_id = take(&at, "$argon2id$");
  if (!p->is_id && !take(&at, "$argon2i$")) return false;
  if (*at == 'v' && !(take_number(&at, "v=", VERSION_OLD, VERSION, &p->version) && take(&at, "$") && (p->version == VERSION || p->version == VERSION_OLD)))
    return false;
  return take_number(&at, "m=", LANE_MEMORY_MIN, PHC_MEMORY_MAX, &p->memory) && take_number(&at, ",t=", 1, PHC_WORK_MAX, &p->passes) &&
         take_number(&at, ",p=", 1, PHC_LANES_MAX, &p->lanes) && p->memory >= LANE_MEMORY_MIN * p->lanes &&
         (uint64_t)p->memory * p->passes <= PHC_WORK_MAX && take(&at, "$") && take_bytes(&at, PHC_SALT_MIN, PHC_SALT_MAX, &p->salt) && take(&at, "$") &&
         take_bytes(&at, PHC_HASH_MIN, PHC_HASH_MAX, &p->hash) && !*at;
}

static void add_bytes(text *string, const text *bytes)
{
  text_add_char(string, '$');
  base64_add(string, bytes->s, bytes->len);
  while (string->s[string->len - 1] == '=') string->len--;
}

void phc_format(const struct phc *p, text *string)
{
  text_add_format(string, "$argon2i%s$v=%u$m=%u,t=%u,p=%u", p->is_id ? "d" : "", p->version, p->memory, p->passes, p->lanes);
  add_bytes(string, &p->salt);
  add_bytes(string, &p->hash);
  text_string(string);
}

void phc_free(struct phc *p)
{
  text_wipe(&p->salt);
  text_wipe(&p->hash);
}
