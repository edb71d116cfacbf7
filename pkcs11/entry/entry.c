#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include "cryptoki/template.h"
#include "object/modify.h"
#include "object/attr.h"
#include "entry.h"
#include "object/find.h"
#include "mech/mech.h"
#include "object/object.h"

/*
 * The C_ functions: checks that the standard puts on their arguments, and the
 * call to what does the work. Nothing is decided here.
 */

CK_RV
entry_get_info(CK_INFO_PTR info, CK_VERSION version)
{
	struct call c;
	CK_RV rv;

	if ((rv = call_begin(&c, "C_GetInfo")) != CKR_OK)
		return (call_end(&c, rv));
	if (info == NULL)
		return (call_end(&c, CKR_ARGUMENTS_BAD));
	memset(info, 0, sizeof(*info));
	info->cryptokiVersion = version;
	token_pad(
	    info->manufacturerID, sizeof(info->manufacturerID), "Keyferry");
	token_pad(info->libraryDescription, sizeof(info->libraryDescription),
	    "Keys carried into AWS KMS");
	info->libraryVersion = (CK_VERSION){0, 1};
	return (call_end(&c, CKR_OK));
}

CK_RV
C_GetInfo(CK_INFO_PTR info)
{
	return (entry_get_info(info, (CK_VERSION){2, 40}));
}

CK_RV
C_Initialize(CK_VOID_PTR args)
{
	return (module_start(args));
}

CK_RV
C_Finalize(CK_VOID_PTR reserved)
{
	if (reserved != NULL)
		return (CKR_ARGUMENTS_BAD);
	/* the process is on its way out: there is nothing left to end */
	if (module_is_exiting())
		return (CKR_OK);
	return (module_stop());
}

/* *count becomes need. CKR_BUFFER_TOO_SMALL: the list has room for fewer. */
static CK_RV
list_room(bool asked, CK_ULONG *count, CK_ULONG need)
{
	CK_ULONG room = *count;

	*count = need;
	return (!asked && room < need ? CKR_BUFFER_TOO_SMALL : CKR_OK);
}

CK_RV
C_GetSlotList(CK_BBOOL present, CK_SLOT_ID_PTR list, CK_ULONG_PTR count)
{
	struct call c;
	CK_ULONG n = 0;
	CK_RV rv;

	if ((rv = call_begin(&c, "C_GetSlotList")) != CKR_OK)
		return (call_end(&c, rv));
	if (count == NULL)
		return (call_end(&c, CKR_ARGUMENTS_BAD));
	for (size_t i = 0; i < c.module->token_count; i++)
		n += !present || c.module->tokens[i].client != NULL;
	if ((rv = list_room(list == NULL, count, n)) != CKR_OK || list == NULL)
		return (call_end(&c, rv));
	n = 0;
	for (size_t i = 0; i < c.module->token_count; i++)
		if (!present || c.module->tokens[i].client != NULL)
			list[n++] = c.module->tokens[i].slot;
	return (call_end(&c, CKR_OK));
}

CK_RV
C_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO_PTR info)
{
	struct call c;
	CK_RV rv = call_begin_slot(&c, "C_GetSlotInfo", slot, false);

	if (rv == CKR_OK && info == NULL)
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		token_slot_info(c.token, info);
	return (call_end(&c, rv));
}

CK_RV
C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO_PTR info)
{
	struct call c;
	CK_RV rv = call_begin_slot(&c, "C_GetTokenInfo", slot, true);

	if (rv == CKR_OK && info == NULL)
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK) {
		struct sessions *ss = &c.module->sessions;

		token_info(c.token, info);
		info->ulSessionCount = session_count(ss, c.token, false);
		info->ulRwSessionCount = session_count(ss, c.token, true);
	}
	return (call_end(&c, rv));
}

CK_RV
C_GetMechanismList(
    CK_SLOT_ID slot, CK_MECHANISM_TYPE_PTR list, CK_ULONG_PTR count)
{
	struct call c;
	CK_ULONG n = 0;
	CK_RV rv = call_begin_slot(&c, "C_GetMechanismList", slot, true);

	if (rv == CKR_OK && count == NULL)
		rv = CKR_ARGUMENTS_BAD;
	if (rv != CKR_OK)
		return (call_end(&c, rv));
	for (size_t i = 0; i < mech_count; i++)
		n += mech_is_listed(&mechs[i], &c);
	if ((rv = list_room(list == NULL, count, n)) != CKR_OK || list == NULL)
		return (call_end(&c, rv));
	n = 0;
	for (size_t i = 0; i < mech_count; i++)
		if (mech_is_listed(&mechs[i], &c))
			list[n++] = mechs[i].type;
	return (call_end(&c, CKR_OK));
}

CK_RV
C_GetMechanismInfo(
    CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR info)
{
	struct call c;
	CK_RV rv = call_begin_slot(&c, "C_GetMechanismInfo", slot, true);

	if (rv == CKR_OK && info == NULL)
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK && !mech_info(&c, type, info))
		rv = CKR_MECHANISM_INVALID;
	return (call_end(&c, rv));
}

static bool
has_removable(const struct module *m)
{
	for (size_t i = 0; i < m->token_count; i++)
		if (token_is_removable(&m->tokens[i]))
			return (true);
	return (false);
}

CK_RV
C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID_PTR slot, CK_VOID_PTR reserved)
{
	struct call c;
	CK_RV rv;

	if ((rv = call_begin(&c, "C_WaitForSlotEvent")) != CKR_OK)
		return (call_end(&c, rv));
	if (slot == NULL || reserved != NULL)
		return (call_end(&c, CKR_ARGUMENTS_BAD));
	if ((flags & CKF_DONT_BLOCK) != 0)
		return (call_end(&c, CKR_NO_EVENT));
	/* tokens neither come nor go: the only event is the end, which nobody
	 * waits for who sees slots that never change */
	if (!has_removable(c.module))
		return (call_end(&c, CKR_FUNCTION_NOT_SUPPORTED));
	module_wait_stop(c.module);
	(void)call_end(&c, CKR_NO_EVENT);
	return (CKR_CRYPTOKI_NOT_INITIALIZED);
}

CK_RV
C_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, CK_VOID_PTR application,
    CK_NOTIFY notify, CK_SESSION_HANDLE_PTR session)
{
	struct call c;
	CK_RV rv = call_begin_slot(&c, "C_OpenSession", slot, true);

	(void)application;
	(void)notify; /* there is nothing to notify of */
	if (rv == CKR_OK && (flags & CKF_SERIAL_SESSION) == 0)
		rv = CKR_SESSION_PARALLEL_NOT_SUPPORTED;
	if (rv == CKR_OK && (flags & CKF_ASYNC_SESSION) != 0)
		rv = CKR_SESSION_ASYNC_NOT_SUPPORTED;
	if (rv == CKR_OK && session == NULL)
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = session_open(&c.module->sessions, c.token,
		    flags & (CKF_SERIAL_SESSION | CKF_RW_SESSION), session);
	return (call_end(&c, rv));
}

CK_RV
C_CloseSession(CK_SESSION_HANDLE session)
{
	struct call c;
	CK_RV rv = call_begin(&c, "C_CloseSession");

	if (rv == CKR_OK)
		rv = session_close(&c.module->sessions, session);
	return (call_end(&c, rv));
}

CK_RV
C_CloseAllSessions(CK_SLOT_ID slot)
{
	struct call c;
	CK_RV rv = call_begin_slot(&c, "C_CloseAllSessions", slot, true);

	if (rv == CKR_OK)
		session_close_all(&c.module->sessions, c.token);
	return (call_end(&c, rv));
}

CK_RV
C_GetSessionInfo(CK_SESSION_HANDLE session, CK_SESSION_INFO_PTR info)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_GetSessionInfo", session);

	if (rv == CKR_OK && info == NULL)
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		session_info(&c.module->sessions, c.session, info);
	return (call_end(&c, rv));
}

CK_RV
C_FindObjectsInit(CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR t, CK_ULONG count)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_FindObjectsInit", session);

	if (rv == CKR_OK && !template_is_good(t, count))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = find_begin(&c, (struct template){t, count});
	return (call_end(&c, rv));
}

CK_RV
C_FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE_PTR objects,
    CK_ULONG max, CK_ULONG_PTR count)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_FindObjects", session);

	if (rv == CKR_OK)
		rv = find_next(&c, objects, max, count);
	return (call_end(&c, rv));
}

CK_RV
C_FindObjectsFinal(CK_SESSION_HANDLE session)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_FindObjectsFinal", session);

	if (rv == CKR_OK && !c.session->find.active)
		rv = CKR_OPERATION_NOT_INITIALIZED;
	if (rv == CKR_OK)
		find_end(&c.session->find);
	return (call_end(&c, rv));
}

CK_RV
C_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    CK_ATTRIBUTE_PTR t, CK_ULONG count)
{
	struct call c;
	struct object o;
	CK_RV rv = call_begin_session(&c, "C_GetAttributeValue", session);

	if (rv == CKR_OK && (t == NULL || !template_is_good(t, count)))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK && !object_get(&c, object, &o))
		rv = CKR_OBJECT_HANDLE_INVALID;
	if (rv == CKR_OK) {
		c.context = RV_LOOK;
		rv = attr_fill(&c, &o, t, count);
		object_put(&o);
	}
	return (call_end(&c, rv));
}

CK_RV
C_GetObjectSize(
    CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG_PTR size)
{
	struct call c;
	struct object o;
	CK_RV rv = call_begin_session(&c, "C_GetObjectSize", session);

	if (rv == CKR_OK && size == NULL)
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK && !object_get(&c, object, &o))
		rv = CKR_OBJECT_HANDLE_INVALID;
	if (rv == CKR_OK) {
		/* KMS does not say */
		*size = o.attrs != NULL ? attrset_size(o.attrs)
					: CK_UNAVAILABLE_INFORMATION;
		object_put(&o);
	}
	return (call_end(&c, rv));
}

CK_RV
C_SetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    CK_ATTRIBUTE_PTR t, CK_ULONG count)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_SetAttributeValue", session);

	if (rv == CKR_OK && (t == NULL || !template_is_good(t, count)))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = object_set(&c, object, (struct template){t, count});
	return (call_end(&c, rv));
}

CK_RV
C_DestroyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_DestroyObject", session);

	if (rv == CKR_OK)
		rv = object_destroy(&c, object);
	return (call_end(&c, rv));
}

CK_RV
C_SeedRandom(CK_SESSION_HANDLE session, CK_BYTE_PTR seed, CK_ULONG len)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_SeedRandom", session);

	if (rv == CKR_OK && seed == NULL && len != 0)
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK && !crypto_mix_in(c.module->crypto, seed, len))
		rv = CKR_FUNCTION_FAILED;
	return (call_end(&c, rv));
}

/* From the system, not KMS: programs call this where a network call would
 * hang. */
CK_RV
C_GenerateRandom(CK_SESSION_HANDLE session, CK_BYTE_PTR out, CK_ULONG len)
{
	struct call c;
	ssize_t n;
	CK_RV rv = call_begin_session(&c, "C_GenerateRandom", session);

	if (rv == CKR_OK && out == NULL && len != 0)
		rv = CKR_ARGUMENTS_BAD;
	while (rv == CKR_OK && len != 0) {
		n = getrandom(out, len, 0);
		if (n == -1 && errno != EINTR)
			rv = CKR_FUNCTION_FAILED;
		if (n > 0) {
			out += n;
			len -= (CK_ULONG)n;
		}
	}
	return (call_end(&c, rv));
}

/* PKCS#11 has no parallel functions any more, in whatever session. */
static CK_RV
not_parallel(CK_RV rv)
{
	return (rv == CKR_OK || rv == CKR_SESSION_HANDLE_INVALID
		    ? CKR_FUNCTION_NOT_PARALLEL
		    : rv);
}

CK_RV
C_GetFunctionStatus(CK_SESSION_HANDLE session)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_GetFunctionStatus", session);

	return (call_end(&c, not_parallel(rv)));
}

CK_RV
C_CancelFunction(CK_SESSION_HANDLE session)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_CancelFunction", session);

	return (call_end(&c, not_parallel(rv)));
}
