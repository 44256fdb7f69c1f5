/* home: the folder that all paths are relative to: $MAILHOME; or, for a program installed as HOME/bin/PROGRAM, that
   HOME; or the conf-home that the program was built with. */

#ifndef LIB_HOME_H
#define LIB_HOME_H

void home_enter(void); /* makes it the working directory, or dies */

#endif
