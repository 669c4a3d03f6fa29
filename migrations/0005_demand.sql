-- What the last attempt demanded of its node, as the node told it with the claim: a strategy of the
-- regulator is tried on it afterwards. Nodes of older versions tell nothing.
alter table job add column demand json;
