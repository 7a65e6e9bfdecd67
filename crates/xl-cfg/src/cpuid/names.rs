//! The names of processor features that xl knows.
//!
//! The list is that of Xen 4.23-unstable; Xen 4.17 knows some fewer. By the `cpuid_flags` of `libxl_cpuid_parse_config` in
//! `libxl_cpuid.c` and Xen's public `arch-x86/cpufeatureset.h`, whose names libxl spells in small letters with hyphens.

/// Keys with a number, and how many bits it has.
pub(super) const NUMBERS: [(&str, u32); 12] = [
    ("apicidsize", 4),
    ("brandid", 8),
    ("clflush", 8),
    ("family", 8),
    ("localapicid", 8),
    ("maxhvleaf", 8),
    ("maxleaf", 32),
    ("model", 8),
    ("nc", 8),
    ("proccount", 8),
    ("procpkg", 6),
    ("stepping", 4),
];

/// Older names, and the name under which libxl knows the same bit.
pub(super) const ALIASES: [(&str, &str); 19] = [
    ("aes", "aesni"),
    ("altmovcr8", "cr8-legacy"),
    ("cmplegacy", "cmp-legacy"),
    ("cmpxchg16", "cx16"),
    ("cmpxchg8", "cx8"),
    ("cmt", "pqm"),
    ("est", "eist"),
    ("invtsc", "itsc"),
    ("lahfsahf", "lahf-lm"),
    ("lfence+", "lfence-dispatch"),
    ("nodeid", "nodeid-msr"),
    ("ppin", "amd-ppin"),
    ("sse4.1", "sse4-1"),
    ("sse4.2", "sse4-2"),
    ("sse4_1", "sse4-1"),
    ("sse4_2", "sse4-2"),
    ("sysenter", "sep"),
    ("tm", "tm1"),
    ("tsc_adjust", "tsc-adjust"),
];

/// Keys for a single bit, between spaces.
pub(super) const BITS: &str = "\
    3dnow 3dnowext 3dnowprefetch abm acpi addr-msk-ext adx aesni amd-fsrc amd-fsrs amd-ppin amd-prefetchi amd-ssbd \
    amd-stibp amx-bf16 amx-complex amx-fp16 amx-int8 amx-tile apic arat arch-caps arch-lbr arch-perf-mon auto-ibrs \
    avx avx-ifma avx-ne-convert avx-vnni avx-vnni-int16 avx-vnni-int8 avx2 avx512-4fmaps avx512-4vnniw avx512-bf16 \
    avx512-bitalg avx512-bmm avx512-fp16 avx512-ifma avx512-vbmi avx512-vbmi2 avx512-vnni avx512-vp2intersect \
    avx512-vpopcntdq avx512bw avx512cd avx512dq avx512er avx512f avx512pf avx512vl bhi-ctrl bhi-no bld bmi1 bmi2 \
    btc-no cet-ibt cet-ss cet-sss cldemote clflushopt clfsh clwb clzero cmov cmp-legacy cmpccxadd cntxid core-caps \
    cpb cppc cpuid-user-dis cr8-legacy cx16 cx8 dbext dca ddp-ctrl de doitm ds dscpl dtes64 efro eibrs eist \
    energy-filtering enqcmd epsf erms extapic f16c fb-clear fb-clear-ctrl fbsdp-no fdp-excp-only ffxsr fma fma4 \
    fpu fred fs-gs-ns fsgsbase fsrcs fsrm fsrs fsrsc fxsr fzrm gds-ctrl gds-no gfni hle htt hw-pstate hybrid \
    hypervisor ia64 ibpb ibpb-brtype ibpb-ret ibrs ibrs-always ibrs-fast ibrs-same-mode ibrsb ibs \
    if-pschange-mc-no ign-umonitor intel-ppin intel-psfd intel-ssb-no invpcid ipred-ctrl its-no itsc l1d-flush \
    la57 lahf-lm lam lass lfence-dispatch lkgs lm lwp mca mcdt-no mce mcu-ctrl mcu-ext md-clear mds-no misalignsse \
    misc-pkg-ctrl mmx mmxext mon-umon-mitg monitor monitorx movbe movdir64b movdiri movrs mpx msr msrlist mtrr \
    nmi-src no-fpu-sel no-invd no-lmsl no-nest-bp nodeid-msr nscb nx ospke osvw osxsave ovrclk-status pae page1gb \
    pat pb-opt-ctrl pbe pbrsb-no pcid pclmulqdq pconfig pdcm perfctr_core perfctr_nb pge pks pku popcnt pqe pqm \
    prefetchi prefetchwt1 proc-trace psdp-no pse pse36 psfd psn rdcl-no rdpid rdrand rdseed rdtscp rfds-clear \
    rfds-no rrsba rrsba-ctrl rsba rstr-fp-err-ptrs rtm rtm-always-abort sbdr-ssdp-no sbpb sdbg sep serialize sgx \
    sgx-keys sgx-lc sha sha512 skinit skip-l1dfl slsm sm3 sm4 smap smep smx srbds-ctrl srso-msr-fix srso-no \
    srso-us-no ss ssb-no ssbd sse sse2 sse3 sse4-1 sse4-2 sse4a ssse3 stibp stibp-always svm svm_decode svm_lbrv \
    svm_npt svm_nrips svm_pausefilt svm_tscrate svm_vmcbclean syscall taa-no tbm tm1 tm2 tme topoext tsa-l1-no \
    tsa-sq-no tsc tsc-adjust tsc-deadline tsx-ctrl tsx-force-abort tsxldtrk uc-lock-dis uintr uiret-uif umip vaes \
    verw-clear virt-ssbd vme vmx vpclmulqdq waitpkg wbnoinvd wdt wrmsrns x2apic xapic-status xfd xgetbv1 xop xsave \
    xsavec xsaveopt xsaves xtpr";
