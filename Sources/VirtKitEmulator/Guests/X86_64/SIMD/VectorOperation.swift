/// The computations of MMX, SSE, SSE2, SSE3, SSSE3, SSE4.1, SSE4.2, AES-NI and PCLMULQDQ, named after Intel's mnemonics
/// (Intel SDM volume 2).
///
/// Instructions that only move bytes have no operation (see ``VectorForm``), and instructions that compute the same thing
/// share one: `andps`, `andpd` and `pand` are all ``pand``, `unpcklps` is ``punpckldq``. A trailing `i` marks a shift by an
/// immediate, a trailing `q` on a conversion a 64-bit general register; `insertpsm` is `insertps` from memory.
///
/// The order matters: each family is one range, and `executeVector` finds the family by comparing raw values.
enum VectorOperation: UInt16, CaseIterable, Sendable {
    // Integer: bitwise, arithmetic, comparison, shifts.
    case pand, pandn, por, pxor
    case paddb, paddw, paddd, paddq, psubb, psubw, psubd, psubq
    case paddsb, paddsw, paddusb, paddusw, psubsb, psubsw, psubusb, psubusw
    case pcmpeqb, pcmpeqw, pcmpeqd, pcmpeqq, pcmpgtb, pcmpgtw, pcmpgtd, pcmpgtq
    case pminub, pminuw, pminud, pminsb, pminsw, pminsd, pmaxub, pmaxuw, pmaxud, pmaxsb, pmaxsw, pmaxsd
    case pavgb, pavgw, pabsb, pabsw, pabsd, psignb, psignw, psignd
    case pmullw, pmulhw, pmulhuw, pmulhrsw, pmulld, pmuludq, pmuldq, pmaddwd, pmaddubsw, psadbw
    case phaddw, phaddd, phaddsw, phsubw, phsubd, phsubsw, phminposuw, mpsadbw
    case psllw, pslld, psllq, psrlw, psrld, psrlq, psraw, psrad
    case psllwi, pslldi, psllqi, psrlwi, psrldi, psrlqi, psrawi, psradi
    case pmovmskb, movmskps, movmskpd, ptest

    // Shuffle: bytes change places only.
    case pshufd, pshuflw, pshufhw, pshufw, pshufb, shufps, shufpd, pslldq, psrldq, palignr
    case punpcklbw, punpcklwd, punpckldq, punpcklqdq, punpckhbw, punpckhwd, punpckhdq, punpckhqdq
    case packsswb, packssdw, packuswb, packusdw
    case pmovsxbw, pmovsxbd, pmovsxbq, pmovsxwd, pmovsxwq, pmovsxdq
    case pmovzxbw, pmovzxbd, pmovzxbq, pmovzxwd, pmovzxwq, pmovzxdq
    case movddup, movsldup, movshdup
    case pblendw, blendps, blendpd, pblendvb, blendvps, blendvpd
    case pinsrb, pinsrw, pinsrd, pinsrq, pextrb, pextrw, pextrd, pextrq, insertps, insertpsm
    case maskmovdqu

    // Floating point.
    case addps, addpd, addss, addsd, subps, subpd, subss, subsd
    case mulps, mulpd, mulss, mulsd, divps, divpd, divss, divsd
    case minps, minpd, minss, minsd, maxps, maxpd, maxss, maxsd
    case sqrtps, sqrtpd, sqrtss, sqrtsd, rcpps, rcpss, rsqrtps, rsqrtss
    case cmpps, cmppd, cmpss, cmpsd, comiss, comisd, ucomiss, ucomisd
    case addsubps, addsubpd, haddps, haddpd, hsubps, hsubpd, dpps, dppd
    case roundps, roundpd, roundss, roundsd

    // Conversions.
    case cvtsi2ss, cvtsi2ssq, cvtsi2sd, cvtsi2sdq
    case cvtss2si, cvtss2siq, cvtsd2si, cvtsd2siq, cvttss2si, cvttss2siq, cvttsd2si, cvttsd2siq
    case cvtss2sd, cvtsd2ss, cvtps2pd, cvtpd2ps
    case cvtdq2ps, cvtdq2pd, cvtps2dq, cvttps2dq, cvtpd2dq, cvttpd2dq
    case cvtpi2ps, cvtpi2pd, cvtps2pi, cvttps2pi, cvtpd2pi, cvttpd2pi

    // Strings, ciphers, and the one instruction that is neither.
    case pcmpestri, pcmpestrm, pcmpistri, pcmpistrm
    case aesenc, aesenclast, aesdec, aesdeclast, aesimc, aeskeygenassist, pclmulqdq
    case sha1rnds4, sha1nexte, sha1msg1, sha1msg2, sha256rnds2, sha256msg1, sha256msg2
    case emms
}
