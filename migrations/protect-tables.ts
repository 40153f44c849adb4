import type { QueryRunner } from 'typeorm';

/**
 * Shuts tables to everybody but their owner's own connection. Supabase publishes every table of `public`
 * under the roles `anon` and `authenticated`: row level security, forced and without a policy, gives these
 * no row, and the revoked rights not even a statement (TRUNCATE knows no row level security).
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
    declare role_name text; table_name text;
    begin
      foreach table_name in array array['${tables.join("','")}'] loop
        for role_name in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
          execute format('revoke all on table %I from %I', table_name, role_name);
        end loop;
      end loop;
    end $$`);
}
