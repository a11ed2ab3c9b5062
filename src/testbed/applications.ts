import { loadApplication } from '../exec/modules/application-module.ts';
import { APPLICATIONS, type ApplicationDefinition } from '../host/apps/applications.ts';
import { Book, type BookKind } from './book.ts';
import type { Scenario } from './scenario.ts';

export type ApplicationBook = Book<ApplicationDefinition>;

const KIND: BookKind<ApplicationDefinition> = {
  noun: 'application',
  article: 'an',
  builtIn: APPLICATIONS,
};

/** The applications that a scenario may name. Throws UsageError. */
export function openApplications(scenario: Scenario): Promise<ApplicationBook> {
  const given = [scenario.app, ...(scenario.nics ?? []).map((nic) => nic.app)];
  return Book.open(
    KIND,
    loadApplication,
    given.filter((name) => name !== undefined),
  );
}
