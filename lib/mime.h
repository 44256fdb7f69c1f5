/* mime: the parts of a message (RFC 2045, 2046), found in one pass over its bytes, without copying any of them. Lines
   end with CRLF or LF. Time is linear in the bytes. A message deeper than MIME_DEPTH_MAX or with more parts than
   MIME_PARTS_MAX is cut there: what lies deeper is one leaf (type application/octet-stream), what comes later belongs
   to the last part. */

#ifndef LIB_MIME_H
#define LIB_MIME_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/bytes.h"
#include "lib/octets.h"
#include "lib/text.h"

#define MIME_DEPTH_MAX 100
#define MIME_PARTS_MAX 10000
#define MIME_NONE UINT32_MAX

enum mime_kind {
  MIME_LEAF,
  MIME_MULTIPART, /* children: its parts */
  MIME_MESSAGE    /* message/rfc822; its one child is the message inside */
};

struct mime_part {
  enum mime_kind kind;
  uint32_t parent, first, next; /* indexes into parts; MIME_NONE */
  unsigned int depth;
  bool is_cut;                  /* a limit was reached here: an opaque leaf */

  struct bytes header;          /* as in the file, with the empty line */
  struct bytes body;            /* as in the file; of a part: without the line end before the boundary */
  uint64_t header_size;         /* octets (lib/octets.h) */
  uint64_t body_size;
  uint64_t body_lines;          /* line ends in the body */

  /* Content-* fields as they stand in the header, folded; s is 0 if the field is not there. */
  struct bytes type;            /* "text", "plain": tokens inside the field; without or with a broken field the */
  struct bytes subtype;         /* defaults of RFC 2045 5.2 and RFC 2046 5.1.5, which are constants */
  struct bytes type_parameters; /* behind them, from the first ";"; for mime_parameter_next */
  struct bytes encoding;        /* the token of Content-Transfer-Encoding */
  struct bytes id, description, md5, disposition, language, location; /* whole values */
};

struct mime {
  const char *bytes;
  size_t length;
  bool is_plain;   /* see octets.h; of the whole message */
  uint64_t size;   /* octets of the whole message: RFC822.SIZE */
  struct mime_part *parts; /* 0 is the message itself; in the order of the file */
  uint32_t count;
  uint32_t room;
};
#define MIME_ZERO { 0, 0, false, 0, 0, 0, 0 }

/* The bytes must stay until mime_free. A struct may be parsed into again: its memory is used again. */
void mime_parse(struct mime *m, const char *bytes, size_t length);
void mime_free(struct mime *m);

struct octets mime_octets(const struct mime *m, struct bytes range); /* a range of m's bytes */

/* Parameters of Content-Type or Content-Disposition: "; name=value; name="value"". value is cleared first, then gets
   the value without quotes. at starts at 0. False when there is none left. RFC 2231 forms are given as they are. */
bool mime_parameter_next(struct bytes parameters, size_t *at, struct bytes *name, text *value);
bool mime_parameter_find(struct bytes parameters, const char *name, text *value);

/* The first token of a structured value ("inline" of a disposition), and what follows it for mime_parameter_next. */
struct bytes mime_token(struct bytes value, struct bytes *rest);

bool mime_type_is(const struct mime_part *part, const char *type, const char *subtype); /* subtype 0: any */

#endif
