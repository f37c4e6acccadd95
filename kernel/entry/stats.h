/* What only the kernel counts, told to the host when the process ends (--stats). */
#ifndef ADYTON_KERNEL_ENTRY_STATS_H
#define ADYTON_KERNEL_ENTRY_STATS_H

void stats_report(void);

#endif
