/* command: the command grammar of RFC 3501 9, with UIDPLUS (4315), IDLE (2177), MOVE (6851), ID (2971), NAMESPACE
   (2342), SPECIAL-USE's LIST (6154: RETURN and selection options are refused as BAD, as they are not offered) and
   UNSELECT (3691) and ACL (4314). Bytes in, struct out. Strings of the struct are ended by a NUL (a NUL in a command is BAD) and live
   until imap_command_free. Linear in the bytes. */

#ifndef IMAP_COMMAND_H
#define IMAP_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "imap/sequence.h"
#include "lib/pool.h"
#include "lib/text.h"

enum imap_verb {
  IMAP_CAPABILITY, IMAP_NOOP, IMAP_LOGOUT, IMAP_ID,
  IMAP_STARTTLS, IMAP_AUTHENTICATE, IMAP_LOGIN,
  IMAP_SELECT, IMAP_EXAMINE, IMAP_CREATE, IMAP_DELETE, IMAP_RENAME, IMAP_SUBSCRIBE, IMAP_UNSUBSCRIBE,
  IMAP_LIST, IMAP_LSUB, IMAP_STATUS, IMAP_APPEND, IMAP_NAMESPACE, IMAP_IDLE,
  IMAP_MYRIGHTS, IMAP_GETACL, IMAP_LISTRIGHTS, IMAP_SETACL, IMAP_DELETEACL,
  IMAP_CHECK, IMAP_CLOSE, IMAP_UNSELECT, IMAP_EXPUNGE, IMAP_SEARCH, IMAP_FETCH, IMAP_STORE, IMAP_COPY, IMAP_MOVE
};

/* System flags, as bits. */
enum {
  IMAP_SEEN = 1, IMAP_ANSWERED = 2, IMAP_FLAGGED = 4, IMAP_DELETED = 8, IMAP_DRAFT = 16,
  IMAP_RECENT = 32 /* never in what a client sent: there it is BAD */
};

struct imap_flags {
  unsigned int system;
  const char *const *keywords; /* each once; case does not matter between two of them */
  size_t keyword_count;
};

enum imap_section_text {
  IMAP_SECTION_ALL, IMAP_SECTION_HEADER, IMAP_SECTION_FIELDS, IMAP_SECTION_FIELDS_NOT, IMAP_SECTION_TEXT,
  IMAP_SECTION_MIME
};

struct imap_section {
  const uint32_t *part; /* "4.2.2": the numbers */
  size_t part_depth;
  enum imap_section_text text;
  const char *const *fields; /* of FIELDS and FIELDS_NOT; sorted by imap_section_compare */
  size_t field_count;
  bool is_partial;
  uint32_t offset, count;    /* of <offset.count> */
};

int imap_section_compare(const void *a, const void *b); /* of two (const char *), whatever the case; for bsearch */

enum imap_fetch_kind {
  IMAP_FETCH_UID, IMAP_FETCH_FLAGS, IMAP_FETCH_INTERNALDATE, IMAP_FETCH_SIZE, IMAP_FETCH_ENVELOPE, IMAP_FETCH_BODY,
  IMAP_FETCH_BODYSTRUCTURE,
  IMAP_FETCH_SECTION /* BODY[...], BODY.PEEK[...], RFC822, RFC822.HEADER, RFC822.TEXT: see section */
};

struct imap_fetch_item {
  enum imap_fetch_kind kind;
  bool sets_seen;              /* BODY[], RFC822, RFC822.TEXT */
  const char *label;           /* as the response names it: "BODY[1.2]<0>", "RFC822.HEADER", "FLAGS" */
  struct imap_section section; /* of IMAP_FETCH_SECTION */
};

enum imap_store_mode { IMAP_STORE_SET, IMAP_STORE_ADD, IMAP_STORE_REMOVE };

/* Bits of STATUS. */
enum {
  IMAP_STATUS_MESSAGES = 1, IMAP_STATUS_RECENT = 2, IMAP_STATUS_UIDNEXT = 4, IMAP_STATUS_UIDVALIDITY = 8,
  IMAP_STATUS_UNSEEN = 16
};

struct imap_id_pair {
  const char *field, *value; /* value is 0 for NIL */
};

#define IMAP_SEARCH_DEPTH_MAX 100 /* of parentheses, NOT and OR */

enum imap_search_kind {
  IMAP_SEARCH_AND, IMAP_SEARCH_OR, IMAP_SEARCH_NOT, /* over the keys from first on */
  IMAP_SEARCH_EVERY, IMAP_SEARCH_SEQUENCE, IMAP_SEARCH_UID,
  IMAP_SEARCH_FLAGS,   /* all bits of number are set */
  IMAP_SEARCH_KEYWORD, /* string */
  IMAP_SEARCH_BEFORE, IMAP_SEARCH_ON, IMAP_SEARCH_SINCE,             /* day, of INTERNALDATE */
  IMAP_SEARCH_SENTBEFORE, IMAP_SEARCH_SENTON, IMAP_SEARCH_SENTSINCE, /* day, of the Date field */
  IMAP_SEARCH_LARGER, IMAP_SEARCH_SMALLER,                           /* number */
  IMAP_SEARCH_HEADER, /* field and string; BCC, CC, FROM, SUBJECT and TO are this with their field */
  IMAP_SEARCH_BODY, IMAP_SEARCH_TEXT /* string */
};

struct imap_search_key {
  enum imap_search_kind kind;
  struct imap_search_key *first; /* of AND, OR, NOT */
  struct imap_search_key *next;  /* in the list that this is in */
  unsigned int cost;             /* 0: without the message, 1: with its header, 2: with its body; imap_search_prepare */
  uint32_t number;
  int32_t day;                   /* days since 1 January 1970 */
  const char *field;
  const char *string;            /* as sent, in the command's CHARSET */
  const char *folded;            /* UTF-8, case folded; made by imap_search_prepare, as is its length */
  size_t folded_length;
  struct imap_sequence sequence;
};

struct imap_command {
  const char *tag;     /* "*" if it could not be read */
  const char *name;    /* as sent, for messages: "UID FETCH" is "FETCH" with by_uid */
  enum imap_verb verb;
  bool by_uid;         /* COPY, EXPUNGE, FETCH, MOVE, SEARCH, STORE */

  const char *mailbox; /* where a mailbox is named, as sent (modified UTF-7), but any case of "inbox" is INBOX */
  struct imap_sequence sequence; /* COPY, MOVE, FETCH, STORE, UID EXPUNGE */

  const char *login, *password;        /* LOGIN */
  const char *mechanism;               /* AUTHENTICATE, in upper case */
  const char *initial;                 /* AUTHENTICATE, SASL-IR (4959), BASE64 or "="; 0 if there is none */
  const char *renamed;                 /* RENAME: the new name, as mailbox */
  const char *reference, *pattern;     /* LIST, LSUB; as sent */
  unsigned int status;                 /* STATUS */
  const char *identifier;              /* LISTRIGHTS, SETACL, DELETEACL */
  const char *rights;                  /* SETACL: letters, perhaps behind + or - */
  struct imap_flags flags;             /* APPEND, STORE */
  enum imap_store_mode store_mode;
  bool is_silent;                      /* STORE */
  bool has_date;                       /* APPEND */
  int64_t date_seconds;                /* APPEND, since 1970 */
  uint32_t literal_size;               /* APPEND */
  struct imap_fetch_item *items;       /* FETCH, in the order asked, each simple one once; UID FETCH has UID first */
  size_t item_count;
  const char *charset;                 /* SEARCH; 0 if not given */
  struct imap_search_key *search;      /* SEARCH: an AND */
  struct imap_id_pair *id;             /* ID; id_count 0 for NIL */
  size_t id_count;

  text error;          /* when imap_command_parse is false: for "TAG BAD error" */
  struct pool pool;
};
#define IMAP_COMMAND_ZERO { .error = TEXT_ZERO, .pool = POOL_ZERO }

/* bytes: from imap_input, without the last line end. c is emptied first. False: tag and error say what is wrong. */
bool imap_command_parse(struct imap_command *c, const char *bytes, size_t length);
void imap_command_free(struct imap_command *c);

#endif
