import { applyDecorators, type CustomDecorator, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiSecurity } from '@nestjs/swagger';

/** For whom a route is. One that does not say so is for users: a forgotten word shuts a door and opens none. */
export type Access = 'public' | 'user' | 'admin' | 'metrics';

export const ACCESS = 'access';

const access = (value: Access): CustomDecorator => SetMetadata(ACCESS, value);

/** A controller or route that asks for no token. */
export const Public = () => applyDecorators(access('public'), ApiSecurity({}));

/** A controller or route for administrators. */
export const ForAdmins = () => applyDecorators(access('admin'), ApiBearerAuth());

/** Metrics hold no contents: without an ADMIN_TOKEN they are open, with one they are for administrators. */
export const ForMetrics = () => applyDecorators(access('metrics'), ApiBearerAuth());
