/* What the folders of a public mailbox are called, outside and inside. */

#include <string.h>

#include "imap/entry.h"
#include "imap/share.h"
#include "imap/utf7.h"

bool imap_share_is_public(const char *folder)
{
  const size_t length = sizeof IMAP_PUBLIC - 1;
  return !strncmp(folder, IMAP_PUBLIC, length) && (!folder[length] || folder[length] == IMAP_SEPARATOR);
}

/* The second level, in UTF-8. */
bool imap_share_mailbox(const char *folder, text *name)
{
  const char *level = folder + sizeof IMAP_PUBLIC;

  text_clear(name);
  return !strncmp(folder, IMAP_PUBLIC "/", sizeof IMAP_PUBLIC) && imap_utf7_decode(level, strcspn(level, "/"), name) && name->len && text_string(name);
}

bool imap_share_inner(const struct imap_share *share, const char *outer, text *inner)
{
  text_clear(inner);
  if (!strcmp(outer, share->top.s)) text_add(inner, "INBOX");
  else if (!strncmp(outer, share->below.s, share->below.len) && outer[share->below.len] == IMAP_SEPARATOR)
    text_add(inner, outer + share->below.len + 1);
  text_string(inner);
  return inner->len && (!imap_name_is_inbox(inner) || !strcmp(outer, share->top.s));
}

void imap_share_outer(const struct imap_share *share, const text *inner, text *outer)
{
  bool is_top = imap_name_is_inbox(inner);

  text_copy(outer, is_top ? share->top.s : share->below.s);
  if (!is_top) text_add_char(outer, IMAP_SEPARATOR);
  if (!is_top) text_add_text(outer, inner);
  text_string(outer);
}
