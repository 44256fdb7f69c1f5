#include "deliver/place.h"

#include <string.h>

enum { COMPONENT_MAX = 255 };
static const uint64_t uid_max = 0xfffffffeu; /* (uid_t)-1 means "leave it as it is" to setresuid */

static bool is_component(const text *name)
{
  if (!name->len || name->len > COMPONENT_MAX || name->s[0] == '.') return false;
  for (size_t i = 0; i < name->len; i++) {
    char c = name->s[i];
    if (!ascii_is_alpha(c) && !ascii_is_digit(c) && !strchr("._+=@-", c) && !(c & 0x80)) return false;
  }
  return true;
}

bool deliver_place_parse(struct place *place, const text *record, uint64_t minimum_uid, const char **error)
{
  const char *path = record_get(record, "path"), *slash = strchr(path, '/');
  uint64_t uid;

  *error = "the mailbox's uid is below control/minimumuid";
  if (!record_number(record, "uid", uid_max, &uid) || !uid || uid < minimum_uid) return false;
  *error = "the mailbox's path is not DOMAIN/USER";
  if (!slash) return false;
  text_copy_bytes(&place->domain, path, (size_t)(slash - path));
  text_copy(&place->user, slash + 1);
  if (!is_component(&place->domain) || !is_component(&place->user)) return false;
  text_string(&place->domain);
  text_string(&place->user);
  place->uid = (uid_t)uid;
  return true;
}

void place_free(struct place *place)
{
  text_free(&place->domain);
  text_free(&place->user);
}
