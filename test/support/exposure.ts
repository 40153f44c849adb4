import type { TestDatabase } from './stores.js';

/**
 * All in a database that Supabase's public roles could reach, in words; none is as it should be. It goes by what is
 * there, not by a list: a table, view, sequence or function of a later migration is looked at like the first.
 */
export async function exposed(database: TestDatabase): Promise<string[]> {
  const rows = await database.query<{ what: string }>(`
    with ours as (
      select oid from pg_namespace
       where nspname not in ('pg_catalog', 'information_schema') and nspname !~ '^pg_(toast|temp)'
    ), strangers as (
      select 0::oid as oid union all
      select oid from pg_roles where rolname in ('anon', 'authenticated')
    )
    select relname || ': row level security is not forced' as what from pg_class
     where relnamespace in (select oid from ours) and relkind in ('r', 'p')
       and not (relrowsecurity and relforcerowsecurity)
    union all
    select tablename || ': a policy lets strangers in' from pg_policies
     where roles && array['public', 'anon', 'authenticated']::name[]
    union all
    select relname || ': ' || privilege_type || ' is granted' from pg_class, aclexplode(relacl)
     where relnamespace in (select oid from ours) and grantee in (select oid from strangers)
    union all
    select attrelid::regclass || '.' || attname || ': ' || privilege_type || ' is granted'
      from pg_attribute, aclexplode(attacl)
     where attrelid in (select oid from pg_class where relnamespace in (select oid from ours))
       and grantee in (select oid from strangers)
    union all
    -- Everybody may call a function unless somebody said otherwise.
    select proname || ': EXECUTE is granted'
      from pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner)))
     where pronamespace in (select oid from ours) and grantee in (select oid from strangers)
     order by 1`);
  return [...new Set(rows.map(({ what }) => what))];
}
