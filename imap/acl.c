#include "imap/acl.h"

#include <stdlib.h>
#include <string.h>

#include "lib/die.h"
#include "lib/rights.h"

static bool begins(const char *string, const char *prefix) { return !strncmp(string, prefix, strlen(prefix)); }

/* --- entries --- */

struct imap_acl_entry *imap_acl_find(const struct imap_acl *a, const char *who, bool is_negative)
{
  for (size_t i = 0; i < a->count; i++)
    if (a->list[i].is_negative == is_negative && text_is(&a->list[i].who, who)) return &a->list[i];
  return 0;
}

static bool add(struct imap_acl *a, const char *who, bool is_negative, unsigned int rights)
{
  if (a->count == IMAP_ACL_ENTRIES_MAX) return false;
  if (!a->list && !(a->list = calloc(IMAP_ACL_ENTRIES_MAX, sizeof *a->list))) die_nomem();
  struct imap_acl_entry *entry = &a->list[a->count++];
  *entry = (struct imap_acl_entry){ .who = TEXT_ZERO, .is_negative = is_negative, .rights = rights };
  text_add(&entry->who, who);
  text_string(&entry->who);
  return true;
}

bool imap_acl_set(struct imap_acl *a, const char *who, bool is_negative, unsigned int rights)
{
  struct imap_acl_entry *entry = imap_acl_find(a, who, is_negative);

  if (!entry) return !rights || add(a, who, is_negative, rights);
  entry->rights = rights;
  if (rights) return true;
  text_free(&entry->who);
  memmove(entry, entry + 1, (size_t)(a->list + --a->count - entry) * sizeof *entry);
  return true;
}

unsigned int imap_acl_rights(const struct imap_acl *a, bool (*concerns)(void *context, const char *who), void *context, unsigned int *denied)
{
  unsigned int given = 0;

  *denied = 0;
  for (size_t i = 0; i < a->count; i++)
    if (concerns(context, a->list[i].who.s)) *(a->list[i].is_negative ? denied : &given) |= a->list[i].rights;
  return given & ~*denied;
}

void imap_acl_free(struct imap_acl *a)
{
  for (size_t i = 0; i < a->count; i++) text_free(&a->list[i].who);
  free(a->list);
  *a = (struct imap_acl)IMAP_ACL_ZERO;
}

/* --- the file --- */

static bool is_who(const char *who)
{
  for (const char *at = who; *at; at++)
    if ((unsigned char)*at < 0x20 || *at == 0x7f) return false;
  return !strcmp(who, "anyone") || !strcmp(who, "authenticated") || !strcmp(who, "owner") || (begins(who, "user=") && who[5]) ||
    (begins(who, "group=") && who[6]) || (begins(who, "group-override=") && who[15]);
}

/* The name that a line begins with, perhaps in quotes; what follows it, or 0. */
static const char *take_who(const char *line, const char *end, text *who)
{
  bool is_quoted = line < end && *line == '"';

  text_clear(who);
  for (line += is_quoted; line < end && *line != (is_quoted ? '"' : ' '); line++) {
    if (is_quoted && *line == '\\' && ++line == end) return 0;
    if (!*line) return 0;
    text_add_char(who, *line);
  }
  text_string(who);
  if (is_quoted && line++ == end) return 0;
  return line < end && *line == ' ' ? line + 1 : 0;
}

static void take_line(struct imap_acl *a, const char *line, const char *end, text *who)
{
  const char *letters = take_who(line, end, who);
  bool is_negative = who->len && who->s[0] == '-';
  unsigned int rights, one;

  if (!letters || !is_who(who->s + is_negative)) return;
  for (rights = 0; letters < end && *letters != ' ' && *letters != '\t' && *letters != ':'; letters++)
    if (rights_scan(letters, 1, &one)) rights |= one;
  struct imap_acl_entry *entry = imap_acl_find(a, who->s + is_negative, is_negative);
  if (entry) entry->rights |= rights;
  else if (rights) add(a, who->s + is_negative, is_negative, rights);
}

void imap_acl_parse(struct imap_acl *a, const char *bytes, size_t length)
{
  const char *end = bytes + length;
  text who = TEXT_ZERO;

  for (const char *line = bytes, *next; line < end; line = next + 1) {
    next = memchr(line, '\n', (size_t)(end - line));
    if (!next) next = end;
    if (*line != '#') take_line(a, line, next, &who);
  }
  text_free(&who);
}

void imap_acl_format(const struct imap_acl *a, text *bytes)
{
  for (size_t i = 0; i < a->count; i++) {
    const struct imap_acl_entry *entry = &a->list[i];
    bool is_quoted = strpbrk(entry->who.s, " \"\\") != 0;
    if (is_quoted) text_add_char(bytes, '"');
    if (entry->is_negative) text_add_char(bytes, '-');
    for (const char *at = entry->who.s; *at; at++) {
      if (*at == '"' || *at == '\\') text_add_char(bytes, '\\');
      text_add_char(bytes, *at);
    }
    if (is_quoted) text_add_char(bytes, '"');
    text_add_char(bytes, ' ');
    rights_format(entry->rights, bytes);
    text_add_char(bytes, '\n');
  }
}

/* --- IMAP's identifiers --- */

bool imap_acl_identifier_parse(const char *identifier, text *who, bool *is_negative)
{
  *is_negative = *identifier == '-';
  identifier += *is_negative;
  text_clear(who);
  if (begins(identifier, "group:") || *identifier == '$') {
    text_add(who, "group=");
    text_add(who, identifier + (*identifier == '$' ? 1 : 6));
  } else {
    if (strcmp(identifier, "anyone")) text_add(who, "user=");
    text_add(who, identifier);
  }
  text_lower(who);
  return is_who(text_string(who));
}

void imap_acl_identifier_format(const struct imap_acl_entry *entry, text *identifier)
{
  const char *who = entry->who.s;

  text_clear(identifier);
  if (entry->is_negative) text_add_char(identifier, '-');
  if (begins(who, "group=")) text_add(identifier, "group:"), who += 6;
  else if (begins(who, "user=")) who += 5;
  text_add(identifier, who);
  text_string(identifier);
}
