#include "imap/relay_inside.h"

void imap_relay_copy(struct imap_state *s, bool to_public)
{
  (void)to_public;
  imap_no(s, "[CANNOT] not yet");
}
