/* Commands that need no mailbox: CAPABILITY NOOP CHECK LOGOUT ID NAMESPACE */

#include "imap/commands.h"
#include "imap/share.h"

const char *imap_capabilities(const struct imap_state *s)
{
  return s->start->has_public ? IMAP_CAPABILITIES " ACL RIGHTS=kxte" : IMAP_CAPABILITIES;
}

void imap_cmd_capability(struct imap_state *s)
{
  imap_wire_add(&s->wire, "* CAPABILITY ");
  imap_wire_add(&s->wire, imap_capabilities(s));
  imap_wire_add(&s->wire, "\r\n");
  imap_ok(s, "these");
}

void imap_cmd_noop(struct imap_state *s)
{
  imap_ok(s, "done");
}

void imap_cmd_logout(struct imap_state *s)
{
  s->ends = true;
  imap_wire_add(&s->wire, "* BYE until next time\r\n");
  imap_ok(s, "logged out");
}

void imap_cmd_id(struct imap_state *s)
{
  imap_wire_add(&s->wire, "* ID (\"name\" \"postroom\")\r\n");
  imap_ok(s, "that is who");
}

void imap_cmd_namespace(struct imap_state *s)
{
  imap_wire_add(&s->wire, "* NAMESPACE ((\"\" \"/\")) NIL ");
  imap_wire_add(&s->wire, s->start->has_public ? "((\"" IMAP_PUBLIC "/\" \"/\"))\r\n" : "NIL\r\n");
  imap_ok(s, "these");
}
