#include "deliver/place.h"

#include <string.h>

enum { COMPONENT_MAX = 255 };
static const uint64_t uid_max = 0xfffffffeu; /* (uid_t)-1 means "leave it as it is" to setresuid */

/* What tables-build writes (ldapsync/build.c): other bytes as %XX, and ~N behind a name that is taken. */
static bool is_component(const char *name, size_t length)
{
  if (!length || length > COMPONENT_MAX || name[0] == '.') return false;
  for (size_t i = 0; i < length; i++) {
    char c = name[i];
    if (!ascii_is_alpha(c) && !ascii_is_digit(c) && !strchr("._+=@-%~", c) && !(c & 0x80)) return false;
  }
  return true;
}

bool deliver_place_is_absolute(const char *path)
{
  do {
    size_t length = *path == '/' ? strcspn(path + 1, "/") : 0;
    if (!is_component(path + 1, length)) return false;
    path += length + 1;
  } while (*path);
  return true;
}

static bool parse_home(struct place *place, const text *record, const char *path, const char **error)
{
  uint64_t gid;

  *error = "the mailbox's path is not one that mail may be in";
  if (!deliver_place_is_absolute(path)) return false;
  *error = "the record of a system user has no gid";
  if (!record_number(record, "gid", uid_max, &gid) || !gid) return false;
  text_copy(&place->path, path);
  text_string(&place->path);
  place->gid = (gid_t)gid;
  return true;
}

bool deliver_place_parse(struct place *place, const text *record, uint64_t minimum_uid, const char **error)
{
  const char *path = record_get(record, "path"), *slash = strchr(path, '/');
  uint64_t uid;

  *error = "the mailbox's uid is below control/minimumuid";
  if (!record_number(record, "uid", uid_max, &uid) || !uid || uid < minimum_uid) return false;
  place->uid = (uid_t)uid;
  place->gid = (gid_t)uid;
  text_clear(&place->path);
  if (*path == '/') return parse_home(place, record, path, error);
  *error = "the mailbox's path is not DOMAIN/USER";
  if (!slash) return false;
  text_copy_bytes(&place->domain, path, (size_t)(slash - path));
  text_copy(&place->user, slash + 1);
  if (!is_component(place->domain.s, place->domain.len) || !is_component(place->user.s, place->user.len)) return false;
  text_string(&place->domain);
  text_string(&place->user);
  return true;
}

void place_free(struct place *place)
{
  text_free(&place->domain);
  text_free(&place->user);
  text_free(&place->path);
}
