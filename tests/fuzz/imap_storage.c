/* What other programs leave in a Maildir: uidlist, keywords, subscriptions, file names, folder names. The first byte says
   which. What was read is written and read again: the second time it must be the same. */

#include <stdlib.h>
#include <string.h>

#include "imap/entry.h"
#include "imap/filename.h"
#include "imap/keywords.h"
#include "imap/subscriptions.h"
#include "imap/uidlist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool fact)
{
  if (!fact) abort();
}

static void read_uidlist(const char *bytes, size_t length, text *written)
{
  struct imap_uidlist list;
  struct imap_uidline line;
  text lines = TEXT_ZERO;
  size_t at;
  uint32_t last = 0;

  if (!imap_uidlist_parse(&list, bytes, length, &at)) return;
  while (imap_uidlist_next(&list, bytes, length, &at, &line)) {
    must(line.uid > last && line.uid < list.next && line.base_length);
    last = line.uid;
    imap_uidline_format(&line, &lines);
  }
  imap_uidlist_format(&list, written);
  text_add_text(written, &lines);
  text_free(&lines);
}

static void read_keywords(const char *bytes, size_t length, text *written)
{
  struct imap_keywords keywords = { 0 };

  imap_keywords_parse(&keywords, bytes, length);
  imap_keywords_format(&keywords, written);
  imap_keywords_free(&keywords);
}

static void read_subscriptions(const char *bytes, size_t length, text *written)
{
  struct imap_names names = IMAP_NAMES_ZERO;

  imap_subscriptions_parse(&names, bytes, length);
  imap_subscriptions_format(&names, written);
  imap_names_free(&names);
}

static void read_filename(const char *bytes, size_t length, text *written)
{
  struct imap_filename f;

  if (!imap_filename_parse(&f, bytes, length)) return;
  must(f.base && f.base <= length);
  imap_filename_format(written, bytes, length, f.marks);
}

static void read_entry(const char *bytes, size_t length, text *written)
{
  text entry = TEXT_ZERO, name = TEXT_ZERO, given = TEXT_ZERO;

  if (memchr(bytes, 0, length)) return;
  text_add_bytes(&entry, bytes, length);
  if (imap_entry_parse(text_string(&entry), &name)) {
    imap_entry_format(&name, written);
    must(written->len == length && !memcmp(written->s, bytes, length));
  }
  text_copy_bytes(&given, bytes, length);
  if (!imap_entry_name(text_string(&given), &name)) {
    text_clear(&entry);
    imap_entry_format(&name, &entry);
    must(!memchr(entry.s, '/', entry.len) && *entry.s == '.');
    must(imap_name_is_inbox(&name) || (imap_entry_parse(text_string(&entry), &given) && given.len == name.len && !memcmp(given.s, name.s, name.len)));
  }
  text_free(&entry);
  text_free(&name);
  text_free(&given);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static void (*const readers[])(const char *bytes, size_t length, text *written) = { read_uidlist, read_keywords, read_subscriptions,
    read_filename, read_entry };
  text once = TEXT_ZERO, twice = TEXT_ZERO;

  if (!size) return 0;
  void (*reader)(const char *, size_t, text *) = readers[*data % (sizeof readers / sizeof *readers)];
  reader((const char *)data + 1, size - 1, &once);
  if (once.len) {
    reader(once.s, once.len, &twice);
    must(twice.len == once.len && !memcmp(once.s, twice.s, once.len));
  }
  text_free(&once);
  text_free(&twice);
  return 0;
}
