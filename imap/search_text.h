/* search_text: is a string in the text of a message? What is looked at is decoded and case folded piece by piece. */

#ifndef IMAP_SEARCH_TEXT_H
#define IMAP_SEARCH_TEXT_H

#include "lib/mime.h"
#include "lib/transfer.h"

struct charset;

/* Memory that is used again, and the character set that was used last. */
struct search_text {
  text decoded, utf8, folded, charset_name, last_charset_name;
  struct transfer transfer;
  struct charset *charset;
};
#define SEARCH_TEXT_ZERO { .transfer = TRANSFER_ZERO }

/* needle: UTF-8, case folded. An empty one is in every text, if there is one. */
bool imap_search_text_in_value(struct search_text *t, struct bytes value, struct bytes needle); /* of a header field */
bool imap_search_text_in_header(struct search_text *t, struct bytes header, struct bytes needle); /* "Name: value" */
bool imap_search_text_in_body(struct search_text *t, const struct mime *m, struct bytes needle); /* text parts, and the
                                                                            headers of all parts but the message's own */
void imap_search_text_free(struct search_text *t);

#endif
