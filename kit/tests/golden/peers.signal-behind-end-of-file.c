/* ---- The script. ---- */

#define K_MAP_SHARED 0x1ul
#define K_NULL 0x0ul
#define K_PROT_READ 0x1ul
#define N_a (W->names[1])
#define N_f (W->names[0])

/* f = memfd_create("f", 0) */
static void line_4_0(void)
{
	before_maps(0, 1);
	W->masked = 0;
	call(__NR_memfd_create, "f", 0ul);
	bind(&N_f);
	no_faults();
	maps_changed(0, 1, 0, 0);
}
/* ftruncate(f, 4K) = 0 */
static void line_5_1(void)
{
	if (!is_bound(N_f, "f")) return;
	before_maps(0, 1);
	W->masked = 0;
	call(__NR_ftruncate, N_f, 0x1000ul);
	result(is(EQ, 0ul, 0), "0");
	no_faults();
	maps_changed(0, 1, 0, 0);
}
/* a = mmap(NULL, 8K, PROT_READ, MAP_SHARED, f, 0) */
static void line_6_2(void)
{
	if (!is_bound(N_f, "f")) return;
	before_maps(0, 1);
	W->masked = 0;
	call(__NR_mmap, 0, 0x2000ul, K_PROT_READ, K_MAP_SHARED, N_f, 0ul);
	placed(0, S(0x7ffff7ff5000ul));
	bind(&N_a);
	no_faults();
	const struct told line_6_2_maps_0[] = {
		{ (W->placed[0] + 0x0ul), (W->placed[0] + 0x2000ul), "r--s", 0ul, "/memfd:f (deleted)" },
	};
	maps_changed(0, 1, 1, line_6_2_maps_0);
}
/* load(a+4K) = SIGBUS BUS_ADRERR 0x7ffff7ff6000 */
static void line_8_3(void)
{
	if (!is_bound(N_a, "a")) return;
	before_maps(0, 1);
	W->masked = 1;
	load((N_a + 0x1000ul), 1);
	result(is_signal(7, 2, (W->placed[0] + 0x1000ul)), "SIGBUS BUS_ADRERR 0x7ffff7ff6000");
	no_faults();
	maps_changed(0, 1, 0, 0);
}

static const struct step steps[] = {
	{ 4, 1, line_4_0, "f = memfd_create(\"f\", 0)" },
	{ 5, 1, line_5_1, "ftruncate(f, 4K) = 0" },
	{ 6, 1, line_6_2, "a = mmap(NULL, 8K, PROT_READ, MAP_SHARED, f, 0)" },
	{ 8, 1, line_8_3, "load(a+4K) = SIGBUS BUS_ADRERR 0x7ffff7ff6000" }
};
static const u32 step_count = sizeof steps / sizeof *steps;

static const struct made files[] = {
	{ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
};
static const struct setting settings[] = {
	{ 0, 0 }
};
static const struct limit limits[] = {
	{ ~0u, 0, 0 }
};
static const struct field at_start[] = {
	{ "VmPeak", 168 },
	{ "VmSize", 168 },
	{ "VmLck", 0 },
	{ "VmPin", 0 },
	{ "VmRSS", 4 },
	{ "RssAnon", 4 },
	{ "RssFile", 0 },
	{ "RssShmem", 0 },
	{ "VmData", 0 },
	{ "VmStk", 132 },
	{ "VmPTE", 12 }
};

static const char KIT_NOT_COMPARED[] = "";

