/* auth/bind_cause: what Active Directory says about a bind that it refuses (L-04). */

#include "auth/bind_cause.h"
#include "tests/check.h"

#define SAYS(code) "ldap://dc1: Invalid credentials (80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data " code

int main(void)
{
  static const struct {
    const char *said, *cause;
  } table[] = {
    { SAYS("525, v4563)"), "no-such-user" },
    { SAYS("52e, v4563)"), "wrong-password" },
    { SAYS("52E, v1db1)"), "wrong-password" },
    { SAYS("52f, v1db1)"), "restricted" },
    { SAYS("530, v1db1)"), "not-at-this-time" },
    { SAYS("531, v1db1)"), "not-from-here" },
    { SAYS("532, v1db1)"), "password-expired" },
    { SAYS("533, v1db1)"), "disabled" },
    { SAYS("701, v1db1)"), "account-expired" },
    { SAYS("773, v1db1)"), "must-change-password" },
    { SAYS("775, v1db1)"), "locked" },
    { SAYS("57, v4563)"), "no-such-name" },
    { SAYS("2030, v4563)"), "no-such-user" },
    { SAYS("775"), "locked" },
    { SAYS("775)"), "locked" },
    { SAYS("7755, v1db1)"), "" },
    { SAYS("77, v1db1)"), "" },
    { SAYS("568, v1db1)"), "" },
    { SAYS(""), "" },
    { "ldap://dc1: Invalid credentials", "" },
    { "data 52e", "" },
    { "", "" },
  };

  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    const char *cause = bind_cause(table[i].said);
    check_is(cause ? cause : "", table[i].cause, table[i].said);
  }
  return check_done();
}
