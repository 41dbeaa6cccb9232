"""Tables of RELION, Xmipp, cryoSPARC and CTFFIND: each format's reader next to its writer; and the run's exports."""
