import type { QueryRunner } from 'typeorm';

/**
 * Shuts tables to everybody but their owner's own connection. Supabase publishes every table of `public`
 * under the roles `anon` and `authenticated`: row level security, forced and without a policy, gives these
 * no row, and the revoked rights not even a statement (TRUNCATE knows no row level security). Their sequences too.
 */
export async function protectTables(runner: QueryRunner, tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    await runner.query(`alter table ${table} enable row level security`);
    await runner.query(`alter table ${table} force row level security`);
    await runner.query(`drop policy if exists ${table}_service on ${table}`);
    await runner.query(
      `create policy ${table}_service on ${table} to current_user using (true) with check (true)`,
    );
  }
  await runner.query(`
    do $$
    declare role_name text; relation record;
    begin
      for relation in
        select oid::regclass as name, relkind from pg_class
         where oid = any (array['${tables.join("','")}']::regclass[])
        union all
        -- The sequence of a serial column goes with its table.
        select c.oid::regclass, c.relkind from pg_class c join pg_depend d on d.objid = c.oid
         where c.relkind = 'S' and d.deptype in ('a', 'i')
           and d.refobjid = any (array['${tables.join("','")}']::regclass[])
      loop
        for role_name in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
          execute format('revoke all on %s %s from %I',
            case relation.relkind when 'S' then 'sequence' else 'table' end, relation.name, role_name);
        end loop;
      end loop;
    end $$`);
}
