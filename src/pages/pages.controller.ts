import { Controller, Get, Headers, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../auth/access.js';
import { ServiceError } from '../conversation/errors.js';
import { PageFiles } from './page-files.js';

// Nothing inline, nothing from elsewhere; and no text becomes markup, even by mistake.
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join(';');

/** The pages for people, and what they are made of. They hold nothing of anybody: all of that is asked of the API. */
@ApiExcludeController()
@Controller()
@Public()
export class PagesController {
  constructor(private readonly files: PageFiles) {}

  @Get()
  tryIt(@Headers('if-none-match') known: string | undefined, @Res() reply: FastifyReply): void {
    this.send('try-it.html', known, reply);
  }

  @Get('admin')
  admin(@Headers('if-none-match') known: string | undefined, @Res() reply: FastifyReply): void {
    this.send('admin.html', known, reply);
  }

  @Get('pages/:folder/:file')
  file(
    @Param() { folder, file }: Record<'folder' | 'file', string>,
    @Headers('if-none-match') known: string | undefined,
    @Res() reply: FastifyReply,
  ): void {
    this.send(`${folder}/${file}`, known, reply);
  }

  private send(path: string, known: string | undefined, reply: FastifyReply): void {
    const file = this.files.get(path);
    if (!file) throw new ServiceError('route_not_found', 'There is no such route.');
    const { etag, type, content } = file;
    void reply.headers({
      'Content-Security-Policy': POLICY,
      // Kept, but asked for each time: a page and its scripts are always of one version.
      'Cache-Control': 'no-cache',
      ETag: etag,
    });
    if (known === etag) void reply.status(304).send();
    else void reply.type(type).send(content);
  }
}
