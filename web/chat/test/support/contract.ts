/**
 * Writes a program out of declarations: one that calls every function, makes every object, and reads and writes every
 * member that they declare, each in the types that they declare.
 *
 * @module
 */

import ts from 'typescript';

/** The program, to be compiled against anything that claims to fulfil the declarations. */
export function programFor(declarations: ts.SourceFile, from: string): string {
  const names = exportedNames(declarations);
  const writer = new Writer();
  for (const statement of declarations.statements) writer.declaration(statement, '', []);
  const borrowed = declarations.statements.filter(ts.isImportDeclaration).flatMap(({ importClause }) => {
    const list = importClause?.namedBindings;
    return list && ts.isNamedImports(list) ? list.elements.map((one) => one.name.text).filter((name) => !names.includes(name)) : [];
  });
  return [
    `import { ${names.join(', ')} } from '${from}';`,
    borrowed.length === 0 ? '' : `import type { ${borrowed.join(', ')} } from '@nexconn/engine';`,
    ...writer.lines,
  ].join('\n');
}

function exportedNames(file: ts.SourceFile): string[] {
  return file.statements.flatMap((statement) => {
    if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map((one) => one.name.getText());
    if (ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause)) {
      return statement.exportClause.elements.map((one) => one.name.text);
    }
    return 'name' in statement ? [(statement.name as ts.Identifier).text] : [];
  });
}

/** A list of type parameters, as declared and as used. */
interface Generics {
  declared: string[];
  used: string[];
}

const NONE: Generics = { declared: [], used: [] };
const angled = (list: string[]): string => (list.length === 0 ? '' : `<${list.join(', ')}>`);

function genericsOf(node: { typeParameters?: ts.NodeArray<ts.TypeParameterDeclaration> | undefined }): Generics {
  const list = node.typeParameters ?? [];
  return { declared: list.map((one) => one.getText()), used: list.map((one) => one.name.text) };
}

class Writer {
  readonly lines: string[] = [];

  /** @param scope the namespace around the declaration, with a dot; `local` are the names declared in it */
  declaration(node: ts.Statement, scope: string, local: string[]): void {
    const text = (part: ts.Node | undefined): string => qualified(part?.getText() ?? 'void', scope, local);
    if (ts.isModuleDeclaration(node) && node.body && ts.isModuleBlock(node.body)) {
      const inner = node.body.statements.flatMap((one) => ('name' in one ? [(one.name as ts.Identifier).text] : []));
      for (const one of node.body.statements) this.declaration(one, `${node.name.text}.`, inner);
    } else if (ts.isFunctionDeclaration(node)) {
      this.call(`${scope}${node.name!.text}`, [], NONE, node, text);
    } else if (ts.isVariableStatement(node)) {
      for (const one of node.declarationList.declarations) this.object(`${scope}${one.name.getText()}`, one.type as ts.TypeLiteralNode, text);
    } else if (ts.isEnumDeclaration(node)) {
      const name = `${scope}${node.name.text}`;
      for (const member of node.members) this.add(`(): ${name} | number => { const one: ${name} = ${name}.${member.name.getText()}; return one; }`);
    } else if (ts.isInterfaceDeclaration(node)) {
      this.interface(`${scope}${node.name.text}`, node, text);
    } else if (ts.isClassDeclaration(node)) {
      this.class(`${scope}${node.name!.text}`, node, text);
    }
  }

  private add(line: string): void {
    this.lines.push(`export const use${this.lines.length} = ${line};`);
  }

  /** A call with all arguments, and one with those only that must be there. */
  private call(
    callee: string,
    before: string[],
    around: Generics,
    node: ts.SignatureDeclarationBase,
    text: (part: ts.Node | undefined) => string,
    result = text(node.type),
  ): void {
    const own = genericsOf(node);
    const declared = angled([...around.declared, ...own.declared]);
    const all = [...node.parameters];
    const needed = all.filter((one) => !one.questionToken);
    for (const parameters of needed.length === all.length ? [all] : [all, needed]) {
      const list = [...before, ...parameters.map((one) => `${one.name.getText()}: ${text(one.type)}`)].join(', ');
      const given = parameters.map((one) => one.name.getText()).join(', ');
      this.add(`function ${declared}(${list}): ${result} { return ${callee}(${given}); }`);
    }
  }

  private object(name: string, type: ts.TypeLiteralNode, text: (part: ts.Node | undefined) => string): void {
    for (const member of type.members) {
      const path = `${name}.${member.name!.getText()}`;
      if (ts.isMethodSignature(member)) this.call(path, [], NONE, member, text);
      else if (ts.isPropertySignature(member)) this.add(`(): ${text(member.type)} => ${path}`);
    }
  }

  private interface(name: string, node: ts.InterfaceDeclaration, text: (part: ts.Node | undefined) => string): void {
    const around = genericsOf(node);
    const self = `self: ${name}${angled(around.used)}`;
    const base = node.heritageClauses?.flatMap((one) => one.types.map((type) => `${text(type)} & `)).join('') ?? '';
    const literal = `${base}{ ${node.members.map((one) => text(one).replace(/;$/, '')).join('; ')} }`;
    this.add(`function ${angled(around.declared)}(made: ${literal}): ${name}${angled(around.used)} { return made; }`);
    for (const member of node.members) {
      if (ts.isPropertySignature(member)) this.property(self, around, member, text);
      else if (ts.isMethodSignature(member)) this.call(`self.${member.name.getText()}${member.questionToken ? '!' : ''}`, [self], around, member, text);
    }
  }

  private class(name: string, node: ts.ClassDeclaration, text: (part: ts.Node | undefined) => string): void {
    const around = genericsOf(node);
    const type = `${name}${angled(around.used)}`;
    this.add(`(thing: unknown): boolean => thing instanceof ${name}`);
    for (const member of node.members) {
      const isStatic = ts.canHaveModifiers(member) && ts.getModifiers(member)?.some((one) => one.kind === ts.SyntaxKind.StaticKeyword);
      if (ts.isConstructorDeclaration(member)) this.call(`new ${type}`, [], around, member, text, type);
      else if (ts.isMethodDeclaration(member) && isStatic) this.call(`${name}.${member.name.getText()}`, [], NONE, member, text);
      else if (ts.isMethodDeclaration(member)) this.call(`self.${member.name.getText()}`, [`self: ${type}`], around, member, text);
      else if (ts.isPropertyDeclaration(member)) this.property(`self: ${type}`, around, member, text);
    }
    for (const base of node.heritageClauses?.flatMap((one) => one.types) ?? []) {
      this.add(`function ${angled(around.declared)}(self: ${type}): ${text(base)} { return self; }`);
    }
  }

  private property(
    self: string,
    around: Generics,
    member: ts.PropertyDeclaration | ts.PropertySignature,
    text: (part: ts.Node | undefined) => string,
  ): void {
    const name = member.name.getText();
    const type = member.questionToken ? `(${text(member.type)}) | undefined` : text(member.type);
    this.add(`function ${angled(around.declared)}(${self}): ${type} { return self.${name}; }`);
    if (member.modifiers?.some((one) => one.kind === ts.SyntaxKind.ReadonlyKeyword)) return;
    this.add(`function ${angled(around.declared)}(${self}, value: ${text(member.type)}): void { self.${name} = value; }`);
  }
}

/** A type as it is written outside of the namespace. */
function qualified(type: string, scope: string, local: string[]): string {
  return local.length === 0 ? type : type.replace(new RegExp(`\\b(?:${local.join('|')})\\b`, 'g'), `${scope}$&`);
}
