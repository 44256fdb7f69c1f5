/* follow: what happens in the queue from now on, told as it happens: came, tried, left. Reads queue/, asks nobody. */

#ifndef QUEUE_FOLLOW_H
#define QUEUE_FOLLOW_H

#include <stdbool.h>

_Noreturn void queue_follow(bool is_json);

#endif
