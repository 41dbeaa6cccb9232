"""Tables of RELION, Xmipp, cryoSPARC and CTFFIND: each format's reader beside its writer; and the run's own exports."""
