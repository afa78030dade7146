/*
 * A program whose runs Interlock judges: the candidate's side of docs/processes.md.
 *
 * Copy this file and interlock_client.c into your project.  Your code calls interlock_begin() before and
 * interlock_event() after whatever the specification calls a step; each thread writes into a buffer of its own, and the
 * two readings of one clock say what may have happened in which order.  main() fills in a struct interlock_candidate
 * and returns interlock_main().
 */
#ifndef INTERLOCK_CLIENT_H
#define INTERLOCK_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

enum { INTERLOCK_THREADS = 64, INTERLOCK_ARGUMENTS = 4 };

/* One call that a thread makes: init(0), add(0, 1, 2). */
struct interlock_operation {
	char name[32];
	unsigned count;
	unsigned argument[INTERLOCK_ARGUMENTS];
};

/* What a run does.  Either there is a script, or `operations` says how many the candidate chooses, by the seed. */
struct interlock_workload {
	uint64_t seed;
	unsigned threads;
	unsigned operations; /* of each thread */
	struct interlock_operation *script[INTERLOCK_THREADS];
	unsigned length[INTERLOCK_THREADS]; /* of each script */
	bool scripted;
};

/* The candidate: all of it is called for each run, so that a run begins as the first one did. */
struct interlock_candidate {
	const char *name;
	void (*start)(const struct interlock_workload *workload);                 /* before there are threads; may be NULL */
	void (*thread)(const struct interlock_workload *workload, unsigned self); /* each in a thread of its own */
	void (*end)(const struct interlock_workload *workload);                   /* after the last has ended; may be NULL */
};

/* Serve runs until the tool closes our input; or, with arguments, do one run and write its log to a file. */
int interlock_main(int argc, char **argv, const struct interlock_candidate *candidate);

/* The clock before a step; then, after it, the event.  The words of the format, once printed, are the arguments. */
uint64_t interlock_begin(void);
void interlock_event(uint64_t begin, const char *action, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The number of the calling thread; start() and end() have the one after the last. */
unsigned interlock_self(void);

/* Whether the next allocation is to fail, as the workload says. */
bool interlock_fails(void);

/* A place with a name.  A workload may hold the first thread that comes here until another place has been reached. */
void interlock_point(const char *name);

/* The candidate cannot go on: what was logged is sent, the run is over, and the text (without quotes) says why. */
_Noreturn void interlock_error(const char *text);

/* The next pseudo-random number below a bound; a seed is any number. */
unsigned interlock_random(uint64_t *state, unsigned bound);

#endif
