/* maildirsize: how much a mailbox holds, by the file of that name that Courier, Dovecot and we keep at the top of a Maildir++:

     100000000S            the quota in bytes (others add ",1000C", a number of messages: not kept here)
     52310 17              bytes and messages, of all that was there when the file was made
     2310 1                what came
     -4000 -2              what went

   Anybody may remove it at any time. It is made anew when it is missing, damaged, made for another quota or long, and before a
   message is refused because of it. The mailbox is the working directory; all its folders count. Without a quota nothing
   here is called, and nothing is spent. */

#ifndef LIB_MAILDIRSIZE_H
#define LIB_MAILDIRSIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct maildirsize {
  int64_t bytes;
  int64_t messages;
};

enum maildirsize_result { MAILDIRSIZE_BROKEN = -1 /* errno */, MAILDIRSIZE_FITS, MAILDIRSIZE_EXCEEDS };

/* Would so many bytes more be too many? used: what is there now. */
enum maildirsize_result maildirsize_check(uint64_t quota_bytes, uint64_t more, struct maildirsize *used);

/* What came (or, below zero, went): one line more, if the file is there. */
void maildirsize_add(int64_t bytes, int64_t messages);

/* Adds what a folder holds; entry: of the mailbox, "." for INBOX. What is no folder holds nothing. */
bool maildirsize_of_folder(const char *entry, struct maildirsize *sum);

/* Adds one message, by its name in new or cur, open as folder. False with errno: it cannot be looked at. */
bool maildirsize_of_message(int folder, const char *name, struct maildirsize *sum);

/* The file's bytes, without I/O. False: it is not to be relied on. lines: how many sums it has. */
bool maildirsize_parse(const char *bytes, size_t length, uint64_t quota_bytes, struct maildirsize *used, size_t *lines);

/* When it is told to those who take mail in (state/full/KEY, doc/deliver.md): a message was refused and little room is left.
   When it is taken back: there is some. Between the two it stays as it is. */
bool maildirsize_is_full(uint64_t quota_bytes, const struct maildirsize *used);
bool maildirsize_has_room(uint64_t quota_bytes, const struct maildirsize *used);

#endif
