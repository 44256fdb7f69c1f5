#include <string.h>

#include "auth/bind_cause.h"
#include "lib/text.h"

/* Of Windows' system error codes (winerror.h), in hex. */
static const struct {
  const char *code, *cause;
} causes[] = {
  { "525", "no-such-user" },     { "52e", "wrong-password" },   { "52f", "restricted" },      { "530", "not-at-this-time" },
  { "531", "not-from-here" },    { "532", "password-expired" }, { "533", "disabled" },        { "701", "account-expired" },
  { "57", "no-such-name" },         { "2030", "no-such-user" },
  { "773", "must-change-password" }, { "775", "locked" },
};

/* "... AcceptSecurityContext error, data 52e, v1db1": the code ends at a comma or the end. */
const char *bind_cause(const char *said)
{
  static const char before[] = "AcceptSecurityContext error, data ";
  const char *code = strstr(said, before);

  if (!code) return 0;
  code += strlen(before);
  size_t length = strcspn(code, ", )");
  for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
    if (strlen(causes[i].code) == length && bytes_are_nocase(code, causes[i].code, length)) return causes[i].cause;
  return 0;
}
