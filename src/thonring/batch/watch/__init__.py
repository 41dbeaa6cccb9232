"""A folder watched: `folder` looks, `arrivals` tells finished files, `watching` has them estimated until `until`.

Nothing is imported here: `thonring.batch.threads` has to come before numpy.
"""
