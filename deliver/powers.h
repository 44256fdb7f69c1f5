/* powers: what a process of mailbox-spawn gives up. */

#ifndef DELIVER_POWERS_H
#define DELIVER_POWERS_H

#include <stdint.h>

/* Root without its powers: what is left is to take another uid, to give a folder away, and to end children. */
void powers_shed(void);

/* The child starts no process, and its memory has an end. */
void powers_limit(uint64_t memory_bytes);

#endif
