#include "imap/filename.h"

#include <string.h>

#define MARK ":2,"
#define MARK_LENGTH 3

static const struct letter {
  char letter;
  imap_marks mark;
} letters[] = { /* in the order of ASCII, which the file name keeps */
  { 'D', IMAP_DRAFT },   { 'F', IMAP_FLAGGED }, { 'P', IMAP_PASSED },
  { 'R', IMAP_ANSWERED }, { 'S', IMAP_SEEN },    { 'T', IMAP_DELETED },
};
#define LETTERS (sizeof letters / sizeof *letters)

static imap_marks mark_of(char letter)
{
  if (letter >= 'a' && letter <= 'z') return IMAP_KEYWORD(letter - 'a');
  for (size_t i = 0; i < LETTERS; i++)
    if (letters[i].letter == letter) return letters[i].mark;
  return 0;
}

static imap_marks marks_of(const char *mark, size_t length)
{
  imap_marks marks = 0;

  for (size_t i = MARK_LENGTH; i < length && mark[i] != ','; i++) marks |= mark_of(mark[i]);
  return marks;
}

size_t imap_filename_base(const char *name, size_t length)
{
  const char *mark = memmem(name, length, MARK, MARK_LENGTH); /* the first: so a base never has one, in dovecot-uidlist either */

  return mark ? (size_t)(mark - name) : length;
}

/* The number of a ",S=" or ",W=" that was found, up to the next comma. */
static uint64_t field(const char *at, const char *end)
{
  uint64_t number;
  const char *comma = memchr(at, ',', (size_t)(end - at));

  return number_scan_bytes(at, (size_t)((comma ? comma : end) - at), UINT64_MAX - 1, &number) ? number : IMAP_SIZE_UNKNOWN;
}

static void parse_sizes(struct imap_filename *f, const char *name)
{
  const char *end = name + f->base;

  f->size = f->wire = IMAP_SIZE_UNKNOWN;
  for (const char *at = name; (at = memchr(at, ',', (size_t)(end - at)));) {
    at++;
    if (end - at < 3 || at[1] != '=') continue;
    if (*at == 'S') f->size = field(at + 2, end);
    else if (*at == 'W') f->wire = field(at + 2, end);
  }
}

bool imap_filename_parse(struct imap_filename *f, const char *name, size_t length)
{
  if (!length || *name == '.') return false;
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f || name[i] == '/') return false;
  f->base = imap_filename_base(name, length);
  if (!f->base) return false;
  f->marks = marks_of(name + f->base, length - f->base);
  parse_sizes(f, name);
  return true;
}

/* Adds the letters of one range, in order: ours by the marks, unknown ones if the old name had them. */
static void add_letters(text *name, const char *old, size_t length, imap_marks marks)
{
  for (int c = 0x21; c < 0x7f; c++) {
    imap_marks mark = mark_of((char)c);
    bool had = length > MARK_LENGTH && memchr(old + MARK_LENGTH, c, length - MARK_LENGTH);
    if (mark ? (marks & mark) != 0 : (had && c != ',')) text_add_char(name, (char)c);
  }
}

void imap_filename_format(text *name, const char *old, size_t length, imap_marks marks)
{
  size_t base = imap_filename_base(old, length);

  text_copy_bytes(name, old, base);
  text_add(name, MARK);
  add_letters(name, old + base, length - base, marks);
}
